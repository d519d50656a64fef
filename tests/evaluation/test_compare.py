"""Comparing runs: hand-worked differences, laws of the paired test, the table and the page."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_folders import BLANK, GOLD, HEADER, answered, refused, unanswerable, write_folder
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from procqa.errors import ProcqaError
from procqa.evaluation.compare import compare_runs, comparison_text, write_comparison
from procqa.evaluation.intervals import weighted_means
from procqa.evaluation.metrics import METRICS
from procqa.evaluation.significance import FLIPS, paired_changes

WEAK = [answered(GOLD), *[answered(GOLD, doc_id="heart/mitral")] * 8, unanswerable(refused())]
STRONG = [answered("Bleeding."), *[answered(GOLD, confidence=0.9)] * 8, unanswerable(refused())]


def change_of(first, second, flips=FLIPS):
    pool = np.array([*first, *second], dtype=float)[:, None]
    return paired_changes(lambda weights: weighted_means(pool, weights), len(first), flips)[0]


def test_the_p_value_is_that_of_all_flips():
    first, second = [0.0, 0.1, 0.5, 0.2, 0.9, 0.0], [1.0, 0.4, 0.4, 0.8, 1.0, 0.3]
    differences = np.subtract(second, first)
    flips = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=6)]
    exact = np.mean(np.array(flips) >= abs(differences.sum()) - 1e-9)
    change = change_of(first, second)
    assert change.difference == pytest.approx(differences.mean())
    assert change.p == pytest.approx(exact, abs=0.01)
    assert change.low < change.difference < change.high


def test_a_constant_difference_has_an_interval_of_no_width():
    change = change_of([0.0] * 12, [1.0] * 12)
    assert (change.first, change.second, change.difference) == (0, 1, 1)
    assert (change.low, change.high) == (1, 1)
    assert change.p == pytest.approx(2 / 2**12, abs=0.001)
    assert change.significant


def test_what_is_undefined_stays_so():
    change = change_of([np.nan] * 3, [1.0] * 3)
    assert (change.first, change.second, change.difference, change.low, change.p) == (None, 1, None, None, None)
    assert not change.significant


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12))
def test_exchanging_the_runs_turns_the_sign(pairs):
    first, second = zip(*pairs, strict=True)
    there, back = change_of(first, second, 200), change_of(second, first, 200)
    assert there.difference == pytest.approx(-back.difference, abs=1e-12)
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert there.p == back.p
    assert there == change_of(first, second, 200)
    same = change_of(first, first, 200)
    assert (same.difference, same.p) == (pytest.approx(0, abs=1e-12), 1)


@pytest.fixture
def folders(tmp_path):
    return write_folder(tmp_path / "a", WEAK), write_folder(tmp_path / "b", STRONG, replace(HEADER, system="next"))


def test_hand_worked_differences(folders):
    comparison = compare_runs(*folders)
    assert comparison.questions == 10
    assert list(comparison.changes) == list(METRICS)
    page = comparison.changes["right_page"]
    assert (page.change.first, page.change.second) == (pytest.approx(1 / 9), 1)
    assert (page.won, page.lost, page.is_gain, page.is_loss) == (8, 0, True, False)
    twin = comparison.changes["twin_answer"]
    assert twin.change.difference == pytest.approx(-8 / 9)
    assert (twin.won, twin.lost, twin.is_gain) == (8, 0, True)
    score = comparison.changes["squad_f1_all"]
    assert score.change.difference == pytest.approx(-0.1)
    assert comparison.changes["latency_p50_ms"].change.difference == 0
    assert comparison.changes["auroc"].won is None
    assert comparison.changes["item_recall"].change.difference is None
    assert "item_recall" in comparison.left_out


def test_questions_won_and_lost_are_seen_from_the_second_run(folders):
    there, back = compare_runs(*folders), compare_runs(*reversed(folders))
    assert [item.first.id for item in there.lost] == ["q0"]
    assert there.won == ()
    assert (there.lost[0].before, there.lost[0].after) == (1, 0)
    assert [item.first.id for item in back.won] == ["q0"]
    assert back.changes["right_page"].is_loss


def test_a_run_equals_itself(folders):
    comparison = compare_runs(folders[0], folders[0])
    assert not comparison.won
    assert not comparison.lost
    assert all(item.change.p in (None, 1.0) for item in comparison.changes.values())


def test_only_shared_questions_are_compared(tmp_path):
    first, second = write_folder(tmp_path / "a", WEAK), write_folder(tmp_path / "b", STRONG[:4])
    assert compare_runs(first, second).questions == 4


def test_other_gold_or_nothing_shared_is_an_error(tmp_path):
    first = write_folder(tmp_path / "a", WEAK)
    other = write_folder(tmp_path / "b", WEAK, replace(HEADER, gold_sha256="cd" * 32))
    with pytest.raises(ProcqaError, match="different gold"):
        compare_runs(first, other)
    with pytest.raises(ProcqaError, match="share no question"):
        compare_runs(first, write_folder(tmp_path / "c", []))


def test_the_table_has_a_line_for_each_metric_with_a_value(folders):
    comparison = compare_runs(*folders)
    text = comparison_text(comparison)
    assert "10 questions of gold.jsonl; B wins 0 of them and loses 1." in text
    (line,) = [line for line in text.splitlines() if line.startswith("Answer from a right page")]
    assert line.split()[5:8] == ["0.111", "1.000", "+0.889"]
    assert line.endswith("better")
    assert METRICS["item_recall"].title not in text
    assert "A: procqa, commit 0123456789abcdef" in text
    assert "WORSE" in comparison_text(compare_runs(*reversed(folders)))


def test_the_page_shows_both_answers_side_by_side_and_escapes_them(tmp_path):
    evil = "<i>Bleeding</i>"
    first, second = write_folder(tmp_path / "a", WEAK), write_folder(tmp_path / "b", [answered(evil), *WEAK[1:]])
    path = write_comparison(compare_runs(first, second), tmp_path / "compare.html")
    page = HTMLParser(path.read_text(encoding="utf-8"))
    (case,) = page.css("#lost article")
    assert "1.00 → 0.00" in case.text()
    assert [quote.text() for quote in case.css("blockquote")] == [GOLD, GOLD, evil]
    assert not page.css("i, script")
    assert "None." in page.css_first("#won").text()


def test_failed_questions_are_shown_by_their_error(tmp_path):
    first, second = write_folder(tmp_path / "a", [answered(GOLD)]), tmp_path / "b"
    write_folder(second, [replace(BLANK, error="TimeoutError: too slow")])
    path = write_comparison(compare_runs(first, second), tmp_path / "compare.html")
    assert "TimeoutError: too slow" in path.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_an_error(folders, tmp_path):
    with pytest.raises(ProcqaError, match="cannot be written"):
        write_comparison(compare_runs(*folders), tmp_path / "absent" / "compare.html")
