"""The probability that an answer is right, whether to give it, and the calibration that says so."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.answering.confidence import SIGNALS, Calibration, Evidence, Judge, Kind, Logistic, constant, worth
from procqa.errors import SnapshotError
from tests.judging import alike

NOTHING = Evidence(**dict.fromkeys(SIGNALS, 0.0))
NO_WEIGHTS = dict.fromkeys(SIGNALS, 0.0)
HOLDS = Logistic({**NO_WEIGHTS, "line": 2.0, "section": 0.5}, bias=-1.0)
MADE = alike("some model", HOLDS, Logistic({**NO_WEIGHTS, "page": 1.0}, bias=0.0), threshold=0.4)


def test_the_probability_is_logistic() -> None:
    assert HOLDS.probability(NOTHING) == pytest.approx(1 / (1 + math.e))
    assert HOLDS.probability(replace(NOTHING, line=1.5, section=-4.0)) == 0.5
    assert HOLDS.probability(replace(NOTHING, line=2.0)) == pytest.approx(1 / (1 + math.exp(-3)))


def test_an_answer_is_given_where_there_is_one_and_is_as_sure_as_it_is_right() -> None:
    held = replace(NOTHING, line=2.0)
    assert MADE.answers(MADE.judged(held))
    assert not MADE.answers(MADE.judged(replace(NOTHING, page=9.0)))
    assert MADE.judged(held).confidence == pytest.approx(0.5 / (1 + math.exp(-3)))
    assert MADE.judged(replace(held, page=9.0)).confidence == pytest.approx(1 / (1 + math.exp(-3)), rel=1e-3)


KINDS = {Kind.ALONE: 0.0, Kind.FOLLOWING: 1.0}


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_of_questions_has_a_judge_of_its_own(kind: Kind) -> None:
    never = constant(-40.0)
    apart = replace(MADE, judges={**MADE.judges, kind: Judge(never, never, never, never)})
    for other, follows in KINDS.items():
        held = replace(NOTHING, line=2.0, follows=follows)
        assert Kind.of(held) is other
        assert apart.answers(apart.judged(held)) is (other is not kind)
        sure = 0.0 if other is kind else MADE.judged(held).confidence
        assert apart.judged(held).confidence == pytest.approx(sure, abs=1e-9)


def test_an_answer_from_a_page_that_may_be_wrong_is_worth_less_unless_the_asker_is_to_choose_it() -> None:
    assert [worth(0.8, page) for page in (1.0, 0.5, 0.0)] == pytest.approx([0.8, 0.6, 0.4])
    doubtful = Judge(constant(0.0), HOLDS, constant(0.0), HOLDS)
    made = Calibration("m", dict.fromkeys(Kind, doubtful), threshold=0.72)
    held = replace(NOTHING, line=2.0)
    judged = made.judged(held)
    assert (judged.known, judged.answerable, judged.right_page) == pytest.approx((0.5, 0.953, 0.5), abs=1e-3)
    assert not made.answers(judged)
    assert made.answers(judged, asks_back=True)
    assert replace(made, threshold=0.71).answers(judged)
    assert judged.confidence == pytest.approx(HOLDS.probability(held) ** 2)


@given(line=st.floats(-1e300, 1e300), more=st.floats(0, 1e300))
def test_any_evidence_has_a_probability_and_better_has_no_smaller(line: float, more: float) -> None:
    low, high = (HOLDS.probability(replace(NOTHING, line=value)) for value in (line, line + more))
    assert 0 <= low <= high <= 1


def test_a_calibration_is_kept_with_its_index(tmp_path: Path) -> None:
    assert MADE.save(tmp_path) == tmp_path / "calibration.json"
    assert Calibration.load(tmp_path, "some model") == MADE
    again = replace(MADE, threshold=0.7)
    again.save(tmp_path)
    assert Calibration.load(tmp_path, "some model") == again
    assert [path.name for path in tmp_path.iterdir()] == ["calibration.json"]


def test_without_one_of_the_same_model_the_packaged_one_serves(tmp_path: Path) -> None:
    packaged = Calibration.load(tmp_path, "some model")
    MADE.save(tmp_path)
    assert Calibration.load(tmp_path, "another model") == packaged != MADE
    assert set(packaged.judges) == set(Kind)
    for judge in packaged.judges.values():
        for part in (judge.known, judge.answerable, judge.right_page, judge.right):
            assert set(part.weights) == set(SIGNALS)
    assert 0 < packaged.threshold < 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b"\xff",
        b'{"model": "some model"}',
        b'{"weights": [], "bias": 0}',
        b'{"model": "some model", "alone": [], "following": [], "threshold": 1}',
        b'{"model": "some model", "judges": {}, "threshold": 1}',
    ],
)
def test_a_damaged_one_is_refused_with_the_way_to_mend_it(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_bytes(content)
    with pytest.raises(SnapshotError, match=r"calibration\.json cannot be read; .*`procqa eval calibrate`"):
        Calibration.load(tmp_path, "some model")


@pytest.mark.parametrize("lost", ["bias", "threshold", "model", "weights"])
def test_one_that_lacks_a_number_is_refused(lost: str, tmp_path: Path) -> None:
    path = MADE.save(tmp_path)
    values = json.loads(path.read_text())
    judge = values["judges"]["following"]
    {"weights": judge["right"], "bias": judge["answerable"]}.get(lost, values).pop(lost)
    path.write_text(json.dumps(values))
    with pytest.raises(SnapshotError, match="`procqa eval calibrate`"):
        Calibration.load(tmp_path, "some model")


def test_a_signal_that_one_was_not_fitted_on_weighs_nothing(tmp_path: Path) -> None:
    path = MADE.save(tmp_path)
    values = json.loads(path.read_text())
    del values["judges"]["alone"]["right"]["weights"]["line"]
    path.write_text(json.dumps(values))
    loaded = Calibration.load(tmp_path, "some model").judges[Kind.ALONE].right.weights
    assert loaded == {**MADE.judges[Kind.ALONE].right.weights, "line": 0.0}


def test_one_of_a_time_with_fewer_judges_is_read(tmp_path: Path) -> None:
    path = MADE.save(tmp_path)
    values = json.loads(path.read_text())
    parts = {name: values["judges"]["alone"][name] for name in ("answerable", "right")}  # which asked of no page
    never = {**parts, "right": {**parts["right"], "bias": -40.0}}
    rest = {"model": values["model"], "threshold": values["threshold"]}
    path.write_text(json.dumps({**rest, **parts}))
    assert Calibration.load(tmp_path, "some model") == MADE
    path.write_text(json.dumps({**rest, "alone": parts, "following": never}))
    two = Calibration.load(tmp_path, "some model")
    assert [two.judges[kind] == MADE.judges[kind] for kind in Kind] == [True, False]
    assert two.judges[Kind.FOLLOWING].right.bias == -40.0


def test_a_calibration_of_another_model_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        Calibration.load(tmp_path, "a model that nobody calibrated")
    assert "procqa eval calibrate" in caplog.text
