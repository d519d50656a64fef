"""Whether to answer: several weak signals, one probability, one threshold.

A similarity threshold alone passes most unanswerable questions, so the probability is a logistic model of the
question's similarity to passage and title, the margin to the next page, and the share of its words that the page
explains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from procqa.types import Reason

# Fitted by hand on the seeds; re-fitted on dev questions by the calibrator.
WEIGHTS: Mapping[str, float] = {"bias": -5.0, "dense": 6.0, "title": 3.0, "margin": 2.0, "explained": 3.0}
THRESHOLD = 0.35


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the best passage: cosines with passage and title, the score's margin over the best passage of
    another page, and the share (0 to 1) of the question's content words that the page holds."""

    dense: float
    title: float
    margin: float
    explained: float


def confidence(evidence: Evidence) -> float:
    """The probability, 0 to 1, that the best passage answers the question."""
    total = WEIGHTS["bias"] + sum(
        WEIGHTS[name] * getattr(evidence, name) for name in ("dense", "title", "margin", "explained")
    )
    return 1 / (1 + math.exp(-total))


def refusal(evidence: Evidence, probability: float) -> Reason | None:
    """Why not to answer, or None to answer."""
    if probability >= THRESHOLD:
        return None
    if evidence.dense < 0.25 and evidence.explained < 0.5:
        return Reason.NO_RELEVANT_CONTENT
    return Reason.LOW_CONFIDENCE
