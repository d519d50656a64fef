"""Is the difference between two runs over the same questions more than luck?

Both runs are put in one pool: of n questions, rows 0..n-1 are the first run's and rows n..2n-1 the second's. A
statistic takes weights (b, 2n), how often each row counts, and gives values (b, m), NaN where it is not defined: a mean
over questions and a figure of a whole run, such as AUROC, are then tested in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from procqa.evaluation.intervals import Floats, Statistic, bootstrap, percentile_interval

FLIPS = 10_000
SEED = 30_000
ALPHA = 0.05
_TIE = 1e-12  # rounding must not make an equal difference look smaller than the one observed
_LARGEST_BLOCK = 2_000_000  # weights in memory at once


@dataclass(frozen=True, slots=True)
class Change:
    """A figure in two runs. `low` and `high` bound `difference` (second less first) with 95% confidence.

    `p` is two-sided. What is not defined is None.
    """

    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None

    @property
    def significant(self) -> bool:
        """Whether luck alone would seldom make the runs differ so much."""
        return self.p is not None and self.p < ALPHA


def paired_changes(statistic: Statistic, n: int, flips: int = FLIPS, seed: int = SEED) -> list[Change]:
    """The change of each of the statistic's m values over n shared questions; the same arguments give the same result.

    The interval is the percentile bootstrap over questions, both runs resampled alike (Efron and Tibshirani, 1993).
    p is from a paired randomisation test: each question's two outcomes change places by a fair coin, and p is the
    share of such flips, the observed one included, that differ at least as much (Noreen, 1989; Smucker et al., 2007).
    """
    zeros = np.zeros((1, n))
    ones = np.ones((1, n))
    first, second = statistic(np.hstack([ones, zeros]))[0], statistic(np.hstack([zeros, ones]))[0]
    observed, resampled = bootstrap(lambda weights: _difference(statistic, np.zeros_like(weights), weights), n)
    flipped = np.concatenate([_difference(statistic, coins, 1 - coins) for coins in _coins(n, flips, seed)])
    changes = []
    for column, difference in enumerate(observed):
        interval = None if np.isnan(difference) else percentile_interval(resampled[:, column])
        low, high = interval or (None, None)
        changes.append(
            Change(
                _number(first[column]),
                _number(second[column]),
                _number(difference),
                low,
                high,
                _p_value(difference, flipped[:, column]),
            )
        )
    return changes


def _difference(statistic: Statistic, swapped: Floats, kept: Floats) -> Floats:
    """Second less first, where `kept` weighs each question as it is and `swapped` with its outcomes exchanged."""
    return statistic(np.hstack([swapped, kept])) - statistic(np.hstack([kept, swapped]))


def _p_value(observed: float, flipped: Floats) -> float | None:
    """The share of differences at least as large as the observed one, which counts among them."""
    if np.isnan(observed):
        return None
    defined = flipped[~np.isnan(flipped)]
    return float((1 + np.sum(np.abs(defined) >= abs(observed) - _TIE)) / (1 + len(defined)))


def _coins(n: int, flips: int, seed: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    block = max(1, _LARGEST_BLOCK // max(2 * n, 1))
    for first in range(0, flips, block):
        yield generator.integers(0, 2, size=(min(block, flips - first), n)).astype(np.float64)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
