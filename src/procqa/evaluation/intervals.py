"""Bootstrap intervals: how far a figure would move with another sample of questions.

A resample of n questions is a row of n weights, how often each question was drawn; a statistic takes a (resamples, n)
matrix of weights and gives a value for each row, NaN where it is not defined there. (Efron, 1979; percentile method.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]

RESAMPLES = 2000
SEED = 20_000
LEVEL = 0.95
_LARGEST_BLOCK = 2_000_000  # weights in memory at once


def bootstrap(statistic: Statistic, n: int, resamples: int = RESAMPLES, seed: int = SEED) -> tuple[Floats, Floats]:
    """The statistic of the sample, shape (m,), and of every resample, (resamples, m).

    `statistic` maps weights (b, n) to (b, m). The same n and seed always give the same resamples.
    """
    value = statistic(np.ones((1, n)))[0]
    return value, np.concatenate([statistic(weights) for weights in _weights(n, resamples, seed)])


def percentile_interval(samples: Floats) -> tuple[float, float] | None:
    """The middle 95% of the defined values, or None when there is none."""
    defined = samples[~np.isnan(samples)]
    if len(defined) == 0:
        return None
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def weighted_means(values: Floats, weights: Floats) -> Floats:
    """The mean of each column of values (n, m) under each row of weights (b, n): (b, m); NaN values are left out."""
    defined = ~np.isnan(values)
    return ratio(weights @ np.where(defined, values, 0.0), weights @ defined.astype(np.float64))


def ratio(above: Floats, below: Floats) -> Floats:
    """above / below, NaN where below is 0."""
    undefined = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    quotient: Floats = np.divide(above, below, out=undefined, where=below != 0)
    return quotient


def _weights(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    block = max(1, _LARGEST_BLOCK // max(n, 1))
    for first in range(0, resamples, block):
        rows = min(block, resamples - first)
        drawn = generator.integers(0, n, size=(rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)
