"""A calibration that judges every question alike."""

from __future__ import annotations

from procqa.answering.decide import Calibration, Judge, Logistic


def alike(model: str, answerable: Logistic, right: Logistic, threshold: float) -> Calibration:
    """What follows is judged as what stands alone."""
    judge = Judge(answerable, right)
    return Calibration(model, judge, judge, threshold)
