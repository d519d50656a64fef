"""A calibration that judges every question alike."""

from __future__ import annotations

from procqa.answering.confidence import SIGNALS, Calibration, Judge, Kind, Logistic


def alike(model: str, answerable: Logistic, right: Logistic, threshold: float) -> Calibration:
    """Questions of all kinds are judged alike, and every page is taken for right."""
    judge = Judge(answerable, Logistic(dict.fromkeys(SIGNALS, 0.0), 50.0), right)
    return Calibration(model, dict.fromkeys(Kind, judge), threshold)
