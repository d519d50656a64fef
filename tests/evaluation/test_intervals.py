from __future__ import annotations

import numpy as np
import pytest

from procqa.evaluation.intervals import Floats, bootstrap, percentile_interval, weighted_means


def mean_of(values: Floats) -> tuple[float, tuple[float, float] | None]:
    value, samples = bootstrap(lambda weights: weighted_means(values[:, None], weights), len(values))
    return float(value[0]), percentile_interval(samples[:, 0])


def test_the_interval_of_a_constant_is_the_constant() -> None:
    value, interval = mean_of(np.full(20, 0.25))
    assert (value, interval) == (0.25, (0.25, 0.25))


def test_the_interval_of_a_share_is_near_the_normal_one() -> None:
    value, interval = mean_of(np.repeat([0.0, 1.0], 200))
    assert value == 0.5
    assert interval == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.008)


def test_undefined_values_are_left_out_of_the_mean() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    means = weighted_means(values, np.array([[1.0, 1, 1], [0, 2, 1], [0, 0, 1]]))
    np.testing.assert_array_equal(means, [[2, np.nan], [3, np.nan], [np.nan, np.nan]])


def test_no_defined_resample_gives_no_interval() -> None:
    assert percentile_interval(np.array([np.nan, np.nan])) is None
    assert percentile_interval(np.array([np.nan, 2.0])) == (2.0, 2.0)


def test_resamples_are_the_same_each_time_and_draw_n_questions() -> None:
    drawn = [bootstrap(lambda weights: weights, 7)[1] for _ in range(2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert drawn[0].shape == (2000, 7)
    assert (drawn[0].sum(axis=1) == 7).all()
    assert drawn[0].mean() == pytest.approx(1.0)


def test_large_samples_are_resampled_in_blocks_to_the_same_count() -> None:
    _, samples = bootstrap(lambda weights: weights[:, :1], 3000)
    assert samples.shape == (2000, 1)
