"""metrics.json as a whole: groups, figures, and the runs at the edge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from making import abstained, answered, crashed, header, passage, unanswerable

from procqa.evaluation.metrics import METRICS, measure
from procqa.evaluation.records import Figure, Metrics, Row

ROWS = [
    answered("stay 7 days", id="q1", tags=("lay",), family="valves", confidence=0.9, timing_ms={"wall": 10.0}),
    answered("no", id="q2", tags=("lay", "typo"), history=("And?",), confidence=0.6, timing_ms={"wall": 30.0}),
    abstained(id="q3", timing_ms={"wall": 20.0}),
    crashed(id="q4", timing_ms={"wall": 99.0}),
    answered("x", id="q5", **unanswerable("not_stated"), confidence=0.5, timing_ms={"wall": 40.0}),
    abstained(id="q6", **unanswerable("off_domain"), timing_ms={"wall": 5.0}),
]


def values(metrics: Metrics, group: str = "all") -> dict[str, float | None]:
    return {name: figure.value for name, figure in metrics.figures[group].items()}


def as_json_and_back(rows: Sequence[Row]) -> Metrics:
    metrics = measure(header(), rows)
    text = json.dumps(metrics.to_json(), allow_nan=False)
    assert Metrics.from_json(json.loads(text)) == metrics
    return metrics


def test_all_figures_of_a_made_run() -> None:
    found = values(as_json_and_back(ROWS))
    assert found["squad_f1_all"] == pytest.approx(2 / 6, abs=1e-6)
    assert found["token_f1"] == found["exact_match"] == 0.25
    assert found["right_page"] == found["right_section"] == 0.5
    assert found["false_answer"] == found["false_refusal"] == 0.5
    assert found["failed"] == pytest.approx(1 / 6, abs=1e-6)
    assert found["verbatim"] == 1.0
    assert found["twin_answer"] is None
    # Confidences of answerable 0.9 0.6 0 0, of unanswerable 0.5 0: 2 + 2 + 0.5 + 0.5 of 8 pairs.
    assert found["auroc"] == pytest.approx(5 / 8)
    # Right, wrong, wrong, then three without an answer at one threshold.
    assert found["aurc"] == pytest.approx((0 + 1 / 2 + 2 / 3 + 3 * 5 / 6) / 6, abs=1e-6)
    assert found["coverage_at_95_precision"] == pytest.approx(1 / 6, abs=1e-6)
    assert found["ece"] == pytest.approx((0.1 + 0.6 + 0.5) / 3)
    assert (found["latency_p50_ms"], found["latency_p95_ms"], found["latency_p99_ms"]) == (20.0, 99.0, 99.0)
    assert found["answer_words_p50"] == 1.0  # of the answers given, which have 3, 1 and 1
    assert set(found) == set(METRICS)


def test_counts_say_of_how_many_questions_a_figure_speaks() -> None:
    figures = measure(header(), ROWS).figures["all"]
    assert {name: figures[name].n for name in ("squad_f1_all", "token_f1", "false_answer", "verbatim", "ece")} == {
        "squad_f1_all": 6,
        "token_f1": 4,
        "false_answer": 2,
        "verbatim": 3,
        "ece": 3,
    }


def test_groups() -> None:
    metrics = measure(header(), ROWS)
    assert list(metrics.figures) == [
        "all",
        "family:valves",
        "follow_up",
        "section:Recovery",
        "single",
        "tag:lay",
        "tag:typo",
        "unanswerable:not_stated",
        "unanswerable:off_domain",
    ]
    assert values(metrics, "tag:lay")["token_f1"] == 0.5
    assert values(metrics, "follow_up")["token_f1"] == 0.0
    assert values(metrics, "unanswerable:off_domain")["squad_f1_all"] == 1.0
    assert values(metrics, "unanswerable:off_domain")["token_f1"] is None
    assert metrics.figures["section:Recovery"]["token_f1"].n == 4


def test_intervals_hold_the_value_and_those_of_a_constant_are_the_constant() -> None:
    for figures in measure(header(), ROWS).figures.values():
        for figure in figures.values():
            if figure.value is not None:
                assert figure.low is not None
                assert figure.high is not None
                assert figure.low <= figure.value <= figure.high
    right = measure(header(), [answered("stay 7 days", id=str(k)) for k in range(9)]).figures["all"]
    assert right["token_f1"] == Figure(1.0, 1.0, 1.0, 9)


def test_an_empty_run() -> None:
    metrics = as_json_and_back([])
    assert set(metrics.figures) == {"all"}
    assert set(metrics.figures["all"].values()) == {Figure(None, None, None, 0)}
    assert metrics.questions == ()


def test_a_run_that_abstains_from_all() -> None:
    rows = [abstained(id="a"), abstained(id="b", **unanswerable())]
    found = values(as_json_and_back(rows))
    assert (found["squad_f1_all"], found["token_f1"], found["false_refusal"], found["false_answer"]) == (0.5, 0, 1, 0)
    assert (found["auroc"], found["aurc"], found["coverage_at_95_precision"]) == (0.5, 1.0, 0.0)
    assert (found["ece"], found["verbatim"], found["latency_p50_ms"]) == (None, None, None)


def test_a_run_that_crashes_throughout_is_no_better_than_abstaining() -> None:
    crash = values(measure(header(), [crashed(id="a"), crashed(id="b", **unanswerable())]))
    assert (crash["squad_f1_all"], crash["failed"], crash["false_refusal"]) == (0.0, 1.0, 1.0)


def test_questions_and_curves() -> None:
    metrics = measure(header(), [*ROWS, replace(ROWS[0], id="q7", passages=(passage("heart/aortic", "Recovery"),))])
    assert [question["id"] for question in metrics.questions] == ["q1", "q2", "q3", "q4", "q5", "q6", "q7"]
    assert metrics.questions[0]["token_f1"] == 1.0
    assert metrics.questions[4]["token_f1"] is None
    assert metrics.questions[6]["section_mrr"] == 1.0
    assert metrics.curves.risk_coverage[-1][0] == 1.0
    assert len(metrics.curves.latency_ms) == 7
