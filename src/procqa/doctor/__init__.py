"""What is wrong with environment, model, index and corpus, and the command that mends each.

Each part looks at one thing and gives `Finding`s; none of them changes anything.
"""

from procqa.doctor.findings import Finding, Weight, examine

__all__ = ["Finding", "Weight", "examine"]
