"""The probability that an answer is right, where it is kept, and the reasons for giving none."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.answering.decide import (
    ALIKE_TITLES,
    CLOSE_SCORES,
    FAR,
    KNOWN,
    SIGNALS,
    Calibration,
    Evidence,
    Judge,
    Logistic,
    equally_good,
    names_none,
    refusal,
)
from procqa.errors import SnapshotError
from procqa.types import Reason
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
    assert MADE.answers(held)
    assert not MADE.answers(replace(NOTHING, page=9.0))
    assert MADE.confidence(held) == pytest.approx(0.5 / (1 + math.exp(-3)))
    assert MADE.confidence(replace(held, page=9.0)) == pytest.approx(1 / (1 + math.exp(-3)), rel=1e-3)


def test_what_follows_other_questions_has_a_judge_of_its_own() -> None:
    never = Logistic(NO_WEIGHTS, bias=-40.0)
    apart = replace(MADE, following=Judge(never, never))
    held = replace(NOTHING, line=2.0)
    assert apart.answers(held)
    assert apart.confidence(held) == MADE.confidence(held)
    assert not apart.answers(replace(held, follows=1.0))
    assert apart.confidence(replace(held, follows=1.0)) == pytest.approx(0.0, abs=1e-9)


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
    for judge in (packaged.alone, packaged.following):
        assert set(judge.answerable.weights) == set(judge.right.weights) == set(SIGNALS)
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
    judge = values["following"]
    {"weights": judge["right"], "bias": judge["answerable"]}.get(lost, values).pop(lost)
    path.write_text(json.dumps(values))
    with pytest.raises(SnapshotError, match="`procqa eval calibrate`"):
        Calibration.load(tmp_path, "some model")


def test_a_signal_that_one_was_not_fitted_on_weighs_nothing(tmp_path: Path) -> None:
    path = MADE.save(tmp_path)
    values = json.loads(path.read_text())
    del values["alone"]["right"]["weights"]["line"]
    path.write_text(json.dumps(values))
    assert Calibration.load(tmp_path, "some model").alone.right.weights == {**MADE.alone.right.weights, "line": 0.0}


def test_one_with_a_single_judge_judges_both_kinds(tmp_path: Path) -> None:
    path = MADE.save(tmp_path)
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values.pop("alone"), "model": values["model"], "threshold": values["threshold"]}))
    assert Calibration.load(tmp_path, "some model") == MADE


@pytest.mark.parametrize(
    ("evidence", "alone", "reason"),
    [
        ({"dense": FAR - 0.01, "explained": 0.4, "title": 0.9}, True, Reason.NO_RELEVANT_CONTENT),
        ({"dense": FAR + 0.01, "explained": 0.4, "title": 0.9}, True, Reason.SECTION_MISSING),
        ({"dense": 0.1, "explained": 0.6, "title": 0.9}, True, Reason.SECTION_MISSING),
        ({"dense": 0.5, "explained": 0.4, "title": 0.49}, True, Reason.UNKNOWN_PROCEDURE),
        ({"dense": 0.5, "explained": 0.4, "title": 0.49, "called": 0.25}, True, Reason.SECTION_MISSING),
        ({"dense": 0.5, "explained": 0.4, "title": 0.49, "called": 0.24}, False, Reason.UNKNOWN_PROCEDURE),
        ({"dense": 0.5, "explained": 0.4, "title": 0.51}, False, Reason.LOW_CONFIDENCE),
    ],
)
def test_why_there_is_no_answer(evidence: dict[str, float], alone: bool, reason: Reason) -> None:
    assert refusal(replace(NOTHING, **evidence), alone=alone) is reason


NEAR, FAR = 1.5 - CLOSE_SCORES / 2, 1.5 - CLOSE_SCORES * 2
ALIKE, UNLIKE = ALIKE_TITLES + 0.1, ALIKE_TITLES - 0.1


@pytest.mark.parametrize(
    ("scores", "named", "called", "titles", "count"),
    [
        ([1.5], [0.4], [0.0], [1.0], 1),
        ([1.5, NEAR], [0.4, 0.4], [0.0, 0.0], [1.0, ALIKE], 2),
        ([1.5, NEAR], [0.4, 0.4], [0.0, 0.0], [1.0, UNLIKE], 1),
        ([1.5, FAR], [0.4, 0.4], [0.0, 0.0], [1.0, ALIKE], 1),
        ([1.5, NEAR], [0.4, 0.3], [0.0, 0.0], [1.0, ALIKE], 1),  # the question has a word of the best one's name
        ([1.5, NEAR], [0.4, 0.9], [0.0, 0.0], [1.0, ALIKE], 2),
        ([1.5, NEAR, NEAR, FAR], [0.0] * 4, [0.0] * 4, [1.0, ALIKE, ALIKE, ALIKE], 3),
        ([1.5, FAR, NEAR], [0.0] * 3, [0.0] * 3, [1.0, ALIKE, ALIKE], 1),
        ([1.5, NEAR], [0.4, 0.4], [1.0, 0.6], [1.0, ALIKE], 1),  # it is all of the best one's name
        ([1.5, NEAR], [0.4, 0.4], [1.0, 1.0], [1.0, ALIKE], 2),
        ([1.5, NEAR], [0.4, 0.4], [0.6, 0.4], [1.0, ALIKE], 2),
    ],
)
def test_pages_that_fit_equally_well(
    scores: list[float], named: list[float], called: list[float], titles: list[float], count: int
) -> None:
    assert equally_good(scores, named, called, titles) == count


@pytest.mark.parametrize(
    ("called", "weakest", "none"),
    [
        ([0.0] * 6, [0.9, 0.8, 0.75, 0.7, KNOWN, 0.1], True),
        ([0.0] * 6, [0.1, KNOWN, 0.9, 0.7, 0.8, 0.75], True),  # in any order
        ([0.0] * 6, [0.9, 0.9, 0.9, 0.9, KNOWN - 0.01, 0.1], False),  # a word that few pages know: it tells the page
        ([0.0, 0.25, 0.0, 0.0, 0.0], [0.9] * 5, False),  # half of a name is said
        ([0.0] * 4, [0.9] * 4, False),  # too few pages to tell
    ],
)
def test_a_question_that_could_be_about_any_page(called: list[float], weakest: list[float], none: bool) -> None:
    assert names_none(called, weakest) is none


def test_a_calibration_of_another_model_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        Calibration.load(tmp_path, "a model that nobody calibrated")
    assert "procqa eval calibrate" in caplog.text
