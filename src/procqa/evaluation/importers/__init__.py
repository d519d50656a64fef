"""Data sets of the field -> a corpus that the readers read, and gold that names its sections.

An importer writes `corpus.jsonl` (one page a line) and gold files into a folder, reads the corpus back as an index
would, and labels what it finds there, so that gold always fits the corpus.
"""

from procqa.evaluation.importers.beir import import_beir
from procqa.evaluation.importers.files import Imported
from procqa.evaluation.importers.squad import import_squad

__all__ = ["Imported", "import_beir", "import_squad"]
