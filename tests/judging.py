"""A calibration that judges every question alike."""

from __future__ import annotations

from procqa.answering.confidence import CERTAIN, Calibration, Judge, Kind, Logistic, constant


def alike(
    model: str, answerable: Logistic, right: Logistic, threshold: float, known: Logistic | None = None
) -> Calibration:
    """Questions of all kinds are judged alike, and every page is taken for right; for known, unless told otherwise."""
    judge = Judge(known or constant(CERTAIN), answerable, constant(CERTAIN), right)
    return Calibration(model, dict.fromkeys(Kind, judge), threshold)
