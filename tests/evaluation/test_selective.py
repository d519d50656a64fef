"""Statistics of confidence, worked out by hand, and laws that hold for any weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.evaluation import selective
from procqa.evaluation.intervals import Floats
from procqa.evaluation.selective import Judged


def judged(*questions: tuple[str, float], latency: tuple[float, ...] = (), words: tuple[int, ...] = ()) -> Judged:
    """R: right; W: wrong answer; U: unanswerable and answered; A: abstained; N: unanswerable and abstained."""
    kinds = np.array([kind for kind, _ in questions], dtype="U1")
    return Judged(
        answerable=np.isin(kinds, ["R", "W", "A"]),
        answered=np.isin(kinds, ["R", "W", "U"]),
        correct=kinds == "R",
        confidence=np.array([confidence for _, confidence in questions], dtype=np.float64),
        latency=np.array(latency or [np.nan] * len(questions), dtype=np.float64),
        words=np.array(words or [np.nan] * len(questions), dtype=np.float64),
    )


def once(sample: Judged) -> Floats:
    return np.ones((1, len(sample.confidence)))


EMPTY = judged()
ALL_ABSTAIN = judged(("A", 0), ("A", 0), ("N", 0))


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (judged(("R", 0.9), ("W", 0.8), ("U", 0.1)), 1.0),
        (judged(("R", 0.1), ("U", 0.9)), 0.0),
        (judged(("R", 0.9), ("W", 0.3), ("U", 0.5), ("N", 0.0)), 0.75),  # 3 of the 4 pairs
        (judged(("R", 0.5), ("U", 0.5)), 0.5),
        (ALL_ABSTAIN, 0.5),
        (judged(("R", 0.5)), np.nan),
        (EMPTY, np.nan),
    ],
)
def test_auroc(sample: Judged, expected: float) -> None:
    assert selective.auroc(sample, once(sample))[0] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (judged(("R", 0.9), ("W", 0.5)), (0 + 1 / 2) / 2),
        (judged(("W", 0.9), ("R", 0.5)), (1 + 1 / 2) / 2),
        (judged(("R", 0.9), ("A", 0.0), ("U", 0.5), ("R", 0.8)), (0 + 0 + 1 / 3 + 2 / 4) / 4),
        (judged(("R", 0.5), ("W", 0.5)), 1 / 2),  # equal confidence: one threshold, risk 1/2
        (judged(("R", 0.2), ("A", 0.9)), (0 + 1 / 2) / 2),  # what got no answer comes last
        (ALL_ABSTAIN, 1.0),
        (EMPTY, np.nan),
    ],
)
def test_aurc(sample: Judged, expected: float) -> None:
    assert selective.aurc(sample, once(sample))[0] == pytest.approx(expected, nan_ok=True)


def test_risk_coverage_points() -> None:
    sample = judged(("R", 0.9), ("W", 0.5), ("R", 0.5), ("A", 0.0))
    assert selective.risk_coverage(sample) == [(0.25, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5)]
    assert selective.risk_coverage(EMPTY) == []


def test_the_area_is_that_under_the_points() -> None:
    sample = judged(("R", 0.9), ("W", 0.7), ("R", 0.5), ("R", 0.5), ("A", 0.0))
    points = selective.risk_coverage(sample)
    widths = np.diff([0.0, *(coverage for coverage, _ in points)])
    assert selective.aurc(sample, once(sample))[0] == pytest.approx(sum(widths * [risk for _, risk in points]))


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (judged(("R", 0.9), ("R", 0.8), ("W", 0.5), ("R", 0.4)), 2 / 4),
        (judged(*[("R", 1 - k / 100) for k in range(19)], ("W", 0.1), ("A", 0)), 20 / 21),  # 19 of 20 are just enough
        (judged(("W", 0.9), ("R", 0.8)), 0.0),
        (judged(("R", 0.5), ("W", 0.5)), 0.0),  # no threshold parts them
        (ALL_ABSTAIN, 0.0),
        (EMPTY, np.nan),
    ],
)
def test_coverage_at_95_precision(sample: Judged, expected: float) -> None:
    assert selective.coverage_at_precision(sample, once(sample))[0] == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (judged(("R", 1.0), ("W", 0.0)), 0.0),
        (judged(("R", 0.7), ("W", 0.2)), (0.3 + 0.2) / 2),
        (judged(("R", 0.5), ("W", 0.5)), 0.0),  # one bin: mean confidence equals accuracy
        (judged(("R", 0.5), ("R", 0.5), ("A", 0.9)), 0.5),  # only answers count
        # 20 answers make 10 bins of two: in each, confidences c and c, one right and one wrong.
        (
            judged(*[(kind, k / 10) for k in range(10) for kind in "RW"]),
            np.mean([abs(k / 10 - 0.5) for k in range(10)]),
        ),
        (ALL_ABSTAIN, np.nan),
        (EMPTY, np.nan),
    ],
)
def test_ece(sample: Judged, expected: float) -> None:
    assert selective.ece(sample, once(sample))[0] == pytest.approx(expected, nan_ok=True)


def test_bins_have_equal_mass() -> None:
    sample = judged(*[("R", k / 30) for k in range(30)])
    bins = selective.reliability(sample)
    assert [n for _, _, n in bins] == [3] * 10
    assert bins[0] == (pytest.approx(1 / 30), 1.0, 3)
    assert [confidence for confidence, _, _ in bins] == sorted(confidence for confidence, _, _ in bins)
    assert selective.reliability(EMPTY) == selective.reliability(ALL_ABSTAIN) == []


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0)])
def test_latency_is_the_nearest_rank(share: float, expected: float) -> None:
    times = tuple(float(k) for k in range(100, 0, -1))
    sample = judged(*[("R", 0.5)] * 100, latency=times)
    assert selective.latency_percentile(sample, once(sample), share)[0] == expected


def test_latency_of_what_was_not_timed() -> None:
    assert np.isnan(selective.latency_percentile(ALL_ABSTAIN, once(ALL_ABSTAIN), 0.5)[0])
    mixed = judged(("R", 0.5), ("R", 0.5), latency=(np.nan, 7.0))
    assert selective.latency_percentile(mixed, once(mixed), 0.5)[0] == 7.0


@pytest.mark.parametrize(("words", "median"), [((3, 30, 9), 9), ((3, 30), 3), ((7,), 7)])
def test_half_of_the_answers_have_at_most_so_many_words(words: tuple[int, ...], median: int) -> None:
    sample = judged(*[("R", 0.5)] * len(words), words=words)
    assert selective.median_words(sample, once(sample))[0] == median
    assert np.isnan(selective.median_words(ALL_ABSTAIN, once(ALL_ABSTAIN))[0])


STATISTICS = [
    selective.auroc,
    selective.aurc,
    selective.coverage_at_precision,
    selective.ece,
    lambda sample, weights: selective.latency_percentile(sample, weights, 0.5),
]


@given(
    st.lists(st.tuples(st.sampled_from("RWUAN"), st.sampled_from([0, 0.2, 0.5, 0.9])), min_size=1, max_size=12),
    st.data(),
)
def test_a_weight_of_two_is_the_question_twice_and_order_does_not_matter(
    questions: list[tuple[str, float]], data: st.DataObject
) -> None:
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(questions), max_size=len(questions)))
    times = tuple(float(place) for place in range(len(questions)))
    sample = judged(*questions, latency=times)
    places = np.repeat(np.arange(len(questions)), weights)
    repeated = sample.take(np.array(data.draw(st.permutations(places.tolist())), dtype=np.int64))
    for statistic in STATISTICS:
        weighted = statistic(sample, np.array([weights], dtype=np.float64))[0]
        if len(places):
            assert weighted == pytest.approx(statistic(repeated, once(repeated))[0], nan_ok=True)
        assert np.isnan(weighted) or 0 <= weighted <= max(1, len(questions))
