"""How well confidence tells right from wrong, how long answers take and are: statistics over a whole run.

Each takes the judged questions and weights (b, n), how often each question counts, and gives b values; NaN means not
defined. Questions of equal confidence are never put in an order: a threshold takes all of them or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from procqa.evaluation.answers import is_answerable, is_answered, is_correct
from procqa.evaluation.intervals import Floats, ratio
from procqa.evaluation.records import Row

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

BINS = 10
PRECISION = 0.95


@dataclass(frozen=True, slots=True)
class Judged:
    """n questions as columns of shape (n,).

    `latency` is in milliseconds, NaN where it was not measured; `words` are those of the answer, NaN without one.
    """

    answerable: Flags
    answered: Flags
    correct: Flags
    confidence: Floats
    latency: Floats
    words: Floats

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Judged:
        """The columns of some rows; a failed question has no confidence, so 0."""
        return cls(
            np.array([is_answerable(row) for row in rows], dtype=bool),
            np.array([is_answered(row) for row in rows], dtype=bool),
            np.array([is_correct(row) for row in rows], dtype=bool),
            np.array([0.0 if row.error else row.confidence for row in rows], dtype=np.float64),
            np.array([_latency(row) for row in rows], dtype=np.float64),
            np.array([len(row.answer.split()) if is_answered(row) else np.nan for row in rows], dtype=np.float64),
        )

    def take(self, places: Places) -> Judged:
        """Some of the questions."""
        return Judged(
            self.answerable[places],
            self.answered[places],
            self.correct[places],
            self.confidence[places],
            self.latency[places],
            self.words[places],
        )


def auroc(judged: Judged, weights: Floats) -> Floats:
    """The chance that an answerable question has more confidence than an unanswerable one; equal counts half."""
    counts, hits = _by_confidence(judged.confidence, judged.answerable, weights)
    misses = counts - hits
    above = np.cumsum(hits, axis=1) - hits / 2
    return ratio((misses * above).sum(axis=1), hits.sum(axis=1) * misses.sum(axis=1))


def aurc(judged: Judged, weights: Floats) -> Floats:
    """Area under the risk-coverage curve (Geifman and El-Yaniv, 2017), over all questions; less is better.

    Risk is the share of wrong answers among those given at a threshold. Questions without an answer come last and
    count as wrong, so that abstaining more does not shorten the curve.
    """
    counts, hits = _by_confidence(_ranking_key(judged), judged.correct & judged.answered, weights)
    covered = np.cumsum(counts, axis=1)
    risk = 1 - ratio(np.cumsum(hits, axis=1), covered)
    return ratio(np.where(counts > 0, counts * risk, 0.0).sum(axis=1), covered[:, -1])


def risk_coverage(judged: Judged) -> list[tuple[float, float]]:
    """The (coverage, risk) points of that curve, a threshold each, coverage growing."""
    n = len(judged.confidence)
    if n == 0:
        return []
    counts, hits = _by_confidence(_ranking_key(judged), judged.correct & judged.answered, np.ones((1, n)))
    covered, right = np.cumsum(counts[0]), np.cumsum(hits[0])
    return [(float(x / n), float(1 - y / x)) for x, y in zip(covered, right, strict=True)]


def coverage_at_precision(judged: Judged, weights: Floats) -> Floats:
    """The largest share of all questions that a threshold answers with at least 95% of the answers right."""
    counts, hits = _by_confidence(_ranking_key(judged), judged.correct & judged.answered, weights)
    covered, right = np.cumsum(counts, axis=1), np.cumsum(hits, axis=1)
    # The group without answers, when there is one, comes last; its precision is not that of answers.
    given = covered[:, :-1] if not judged.answered.all() else covered
    enough = right[:, : given.shape[1]] >= PRECISION * given - 1e-9
    return ratio(np.where(enough, given, 0.0).max(axis=1, initial=0.0), covered[:, -1])


def ece(judged: Judged, weights: Floats) -> Floats:
    """Expected calibration error of the answers given: mean |confidence - accuracy| over ten bins of equal mass."""
    mass, confidence, right = _bins(judged, weights)
    return ratio(np.abs(confidence - right).sum(axis=1), mass.sum(axis=1))


def reliability(judged: Judged) -> list[tuple[float, float, int]]:
    """(mean confidence, accuracy, questions) of each bin of `ece` that is not empty, confidence growing."""
    mass, confidence, right = (values[0] for values in _bins(judged, np.ones((1, len(judged.confidence)))))
    return [(float(c / m), float(r / m), round(m)) for m, c, r in zip(mass, confidence, right, strict=True) if m > 0]


def latency_percentile(judged: Judged, weights: Floats, share: float) -> Floats:
    """The least time within which that share of the questions came back (nearest rank), in milliseconds."""
    return _percentile(judged.latency, weights, share)


def median_words(judged: Judged, weights: Floats) -> Floats:
    """How many words, at most, half of the answers have."""
    return _percentile(judged.words, weights, 0.5)


def _percentile(values: Floats, weights: Floats, share: float) -> Floats:
    """The nearest-rank percentile of the values that are not NaN."""
    known = ~np.isnan(values)
    order = np.argsort(values[known], kind="stable")
    covered = np.cumsum(weights[:, known][:, order], axis=1)
    if covered.shape[1] == 0:
        return np.full(len(weights), np.nan)
    first = (covered >= share * covered[:, -1:] - 1e-9).argmax(axis=1)
    return np.where(covered[:, -1] > 0, values[known][order][first], np.nan)


def _ranking_key(judged: Judged) -> Floats:
    """Confidence, with the questions that got no answer below all others."""
    return np.where(judged.answered, judged.confidence, -1.0)


def _by_confidence(key: Floats, flags: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """Summed weights of all and of the flagged questions for each distinct key, the greatest key first: (b, groups)."""
    if len(key) == 0:
        return np.zeros((len(weights), 1)), np.zeros((len(weights), 1))
    order = np.argsort(-key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=np.inf))
    ordered = weights[:, order]
    return np.add.reduceat(ordered, starts, axis=1), np.add.reduceat(ordered * flags[order], starts, axis=1)


def _bins(judged: Judged, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Mass, summed confidence and summed correctness of the answers in each bin: (b, BINS) each."""
    given = judged.answered
    confidence, kept = judged.confidence[given], weights[:, given]
    counts, hits = _by_confidence(confidence, judged.correct[given], kept)
    levels = np.unique(confidence)[::-1] if len(confidence) else np.zeros(1)
    total = counts.sum(axis=1, keepdims=True)
    middle = ratio(np.cumsum(counts, axis=1) - counts / 2, total)
    numbers = BINS - 1 - np.clip(np.nan_to_num(middle * BINS), 0, BINS - 1).astype(np.int64)
    flat = (numbers + np.arange(len(weights))[:, None] * BINS).ravel()

    def summed(values: Floats) -> Floats:
        return np.bincount(flat, values.ravel(), len(weights) * BINS).astype(np.float64).reshape(-1, BINS)

    return summed(counts), summed(counts * levels), summed(hits)


def _latency(row: Row) -> float:
    """What the asker waited, or else what the system says it took."""
    return float(row.timing_ms.get("wall", row.timing_ms.get("total", np.nan)))
