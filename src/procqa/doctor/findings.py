"""All that is looked at, in the order in which it is best mended."""

from __future__ import annotations

from collections.abc import Iterator

from procqa.doctor.corpus import corpus_findings
from procqa.doctor.environment import environment_findings, model_findings
from procqa.doctor.finding import Finding, Weight
from procqa.doctor.index import index_findings
from procqa.settings import Settings

__all__ = ["Finding", "Weight", "examine"]


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything found, as it is found."""
    yield from environment_findings(settings)
    yield from model_findings(settings)
    yield from index_findings(settings)
    yield from corpus_findings(settings)
