"""The gate: what it lets through, what it stops, and gate files that make no sense."""

from __future__ import annotations

import json

import pytest
from run_folders import GOLD, answered, refused, unanswerable, write_folder

from procqa.errors import ProcqaError
from procqa.evaluation.gate import check_gate

GOOD = [*[answered(GOLD)] * 9, unanswerable(answered(GOLD)), unanswerable(refused())]
BAD = [*[answered(GOLD, doc_id="heart/mitral")] * 9, unanswerable(answered(GOLD)), unanswerable(refused())]


@pytest.fixture
def gate(tmp_path):
    def write(values):
        path = tmp_path / "gate.json"
        path.write_text(values if isinstance(values, str) else json.dumps(values), encoding="utf-8")
        return path

    return write


@pytest.fixture
def good(tmp_path):
    return write_folder(tmp_path / "good", GOOD)


@pytest.fixture
def bad(tmp_path):
    return write_folder(tmp_path / "bad", BAD)


def test_floors_and_ceilings(gate, good, bad):
    floors = gate({"floors": {"all.right_page": 0.6, "unanswerable:sibling.false_answer": {"at_most": 0.5}}})
    assert check_gate(floors, good) == []
    assert check_gate(floors, bad) == ["all.right_page is 0.0000, below its floor of 0.6000."]
    strict = gate({"floors": {"unanswerable:sibling.false_answer": {"at_least": 0.1, "at_most": 0.4}}})
    assert check_gate(strict, good) == [
        "unanswerable:sibling.false_answer is 0.5000, above its ceiling of 0.4000.",
    ]
    assert check_gate(gate({"floors": {"all.latency_p95_ms": {"at_most": 5}}}), good) == [
        "all.latency_p95_ms is 12.5 ms, above its ceiling of 5 ms.",
    ]


def test_a_figure_equal_to_its_floor_passes(gate, good):
    assert check_gate(gate({"floors": {"all.right_page": 1}}), good) == []


def test_a_figure_without_a_value_fails(gate, good):
    (failure,) = check_gate(gate({"floors": {"all.item_recall": 0.1}}), good)
    assert failure.startswith("all.item_recall has no value")


def test_a_significant_loss_fails_and_a_gain_does_not(gate, good, bad):
    kept = gate({"no_loss": ["right_page", "token_f1", "twin_answer"]})
    assert check_gate(kept, good, baseline=bad) == []
    assert check_gate(kept, good, baseline=good) == []
    losses = check_gate(kept, bad, baseline=good)
    assert [text.split()[0] for text in losses] == ["right_page", "twin_answer"]
    assert losses[0].startswith("right_page got significantly worse: 1.0000 before, 0.0000 now (p = 0.0")
    assert check_gate(kept, bad) == []


def test_a_small_loss_may_be_luck(gate, good, tmp_path):
    nearly = write_folder(tmp_path / "nearly", [BAD[0], *GOOD[1:]])
    assert check_gate(gate({"no_loss": ["right_page"]}), nearly, baseline=good) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"floors": {"all.right_pgae": 0.5}}, "unknown metric, right_pgae"),
        ({"no_loss": ["f1"]}, "unknown metric, f1"),
        ({"no_loss": [["token_f1"]]}, "unknown metric"),
        ({"floors": {"section:Nowhere.token_f1": 0.5}}, "the group section:Nowhere"),
        ({"floors": {"token_f1": 0.5}}, 'write "all.token_f1"'),
        ({"floors": {"all.token_f1": "high"}}, "must be a number"),
        ({"floors": {"all.token_f1": True}}, "must be a number"),
        ({"floors": {"all.token_f1": {}}}, "must be a number"),
        ({"floors": {"all.token_f1": {"atleast": 1}}}, "must be a number"),
        ({"floors": {"all.token_f1": float("nan")}}, "must be a number"),
        ({"floors": []}, "must be an object"),
        ({"floor": {}}, '"floors" and "no_loss" only'),
        ({}, "demands nothing"),
        ("{", "is not JSON"),
        ("[]", "must be an object"),
    ],
)
def test_a_gate_file_that_makes_no_sense_is_an_error(gate, good, values, message):
    with pytest.raises(ProcqaError, match=message):
        check_gate(gate(values), good)


def test_a_missing_gate_file_or_run_is_an_error(gate, good, tmp_path):
    with pytest.raises(ProcqaError, match="cannot be read"):
        check_gate(tmp_path / "absent.json", good)
    with pytest.raises(ProcqaError, match="missing or damaged"):
        check_gate(gate({"floors": {"all.token_f1": 0}}), tmp_path / "absent")
