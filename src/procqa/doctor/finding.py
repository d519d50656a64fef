"""One thing that was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How much a finding matters: procqa does not work, works worse than it could, or it is good to know."""

    PROBLEM = "problem"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, in a sentence, and the command (or the edit) that mends it; a note may need none."""

    part: str  # environment, model, index or corpus
    weight: Weight
    sentence: str
    mend: str = ""
