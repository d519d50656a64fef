"""Every metric of one question, with values worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from making import abstained, answered, crashed, span, unanswerable

from procqa.evaluation import answers
from procqa.evaluation.metrics import ANSWER_METRICS
from procqa.evaluation.records import Row, SectionRef

QUALITY = ("squad_f1_all", "right_page", "right_section", "exact_match", "token_f1", "span_overlap")


def test_a_right_answer() -> None:
    row = answered("stay 7 days")
    assert {name: ANSWER_METRICS[name].of(row) for name in QUALITY} == dict.fromkeys(QUALITY, 1.0)
    assert (answers.false_refusal(row), answers.false_answer(row), answers.failed(row)) == (0.0, None, 0.0)


@pytest.mark.parametrize("row", [abstained(), crashed(), abstained(tags=("list",)), answered()])
def test_no_answer_counts_as_zero_and_as_a_refusal(row: Row) -> None:
    assert {name: ANSWER_METRICS[name].of(row) for name in QUALITY} == dict.fromkeys(QUALITY, 0.0)
    assert answers.false_refusal(row) == 1.0
    assert answers.verbatim(row) is None
    assert answers.failed(row) == float(row.error is not None)


def test_a_crash_scores_zero_even_with_an_answer_beside_it() -> None:
    assert answers.token_f1(answered("stay 7 days", error="OSError")) == 0.0


def test_the_first_citation_decides_page_and_section() -> None:
    row = answered("stay 7 days")
    elsewhere = replace(row, spans=(span("x", section="Duration"), *row.spans))
    assert (answers.right_page(elsewhere), answers.right_section(elsewhere)) == (1.0, 0.0)
    other_page = replace(row, spans=(span("x", doc_id="heart/mitral"), *row.spans))
    assert (answers.right_page(other_page), answers.right_section(other_page)) == (0.0, 0.0)


def test_any_relevant_section_is_right() -> None:
    both = (SectionRef("heart/mitral", "Recovery"), SectionRef("heart/aortic", "Recovery"))
    assert answers.right_section(answered("x", relevant=both)) == 1.0
    crossed = (SectionRef("heart/mitral", "Recovery"), SectionRef("heart/aortic", "Duration"))
    assert answers.right_section(answered("x", relevant=crossed)) == 0.0


def test_the_best_acceptable_answer_counts_and_quotes_are_joined_by_a_space() -> None:
    gold = (("six weeks in bed",), ("stay 7 days", "no driving"))
    row = answered("stay 7 days", "no driving", gold=gold)
    assert (answers.exact_match(row), answers.token_f1(row), answers.span_overlap(row)) == (1.0, 1.0, 1.0)
    half = answered("stay 7 days", gold=gold)
    assert (answers.exact_match(half), answers.token_f1(half)) == (0.0, pytest.approx(6 / 8))
    assert answers.span_overlap(answered("stay 7 days", gold=gold[1:])) == pytest.approx(2 * 11 / (11 + 21))


@pytest.mark.parametrize(
    ("values", "score", "wrong"),
    [
        ({"status": "abstained", "spans": (), "answer": ""}, 1.0, 0.0),
        ({"status": "answered"}, 0.0, 1.0),
        ({"status": "needs_clarification"}, 0.0, 1.0),
        ({"status": "needs_clarification", "spans": (), "answer": ""}, 0.0, 0.0),
        ({"status": "error", "error": "OSError", "spans": ()}, 0.0, 0.0),
    ],
)
def test_unanswerable_questions(values: dict[str, Any], score: float, wrong: float) -> None:
    row = replace(answered("stay 7 days", **unanswerable()), **values)
    assert (answers.squad_f1_all(row), answers.false_answer(row)) == (score, wrong)
    for name in ("right_page", "right_section", "token_f1", "exact_match", "span_overlap", "false_refusal"):
        assert ANSWER_METRICS[name].of(row) is None


def test_a_clarification_counts_by_its_first_answer_and_is_no_refusal_when_the_page_is_among_its_answers() -> None:
    pages = ("heart/mitral", "heart/aortic")
    wrong_first = answered("stay 3 days", status="needs_clarification", answer_pages=pages)
    assert answers.false_refusal(wrong_first) == 0.0
    assert answers.token_f1(wrong_first) == pytest.approx(2 / 3)
    assert answers.false_refusal(replace(wrong_first, answer_pages=("knee",))) == 1.0


def test_twin_answers() -> None:
    twin = replace(answered("x"), spans=(span("x", doc_id="heart/mitral"),), twin_pages=("heart/mitral",))
    assert answers.twin_answer(twin) == 1.0
    assert answers.twin_answer(answered("x", twin_pages=("heart/mitral",))) == 0.0
    assert answers.twin_answer(abstained(twin_pages=("heart/mitral",))) == 0.0
    assert answers.twin_answer(replace(twin, spans=(span("x", doc_id="knee"),))) == 0.0
    assert answers.twin_answer(answered("x")) is None  # no family is known
    assert answers.twin_answer(replace(twin, **unanswerable())) is None


def test_list_items_are_scored_for_list_questions_alone() -> None:
    gold = (("Bleeding", "Stroke", "Pain"), ("Bleeding", "Stroke"))
    row = answered("Bleeding", "Stroke", "Fever", gold=gold, tags=("list",))
    # Both acceptable answers share two items; the longer gives 2/3 and 2/3, the shorter 2/3 and 1.
    assert (answers.item_precision(row), answers.item_recall(row)) == pytest.approx((2 / 3, 1.0))
    untagged = replace(row, tags=("lay",))
    assert (answers.item_precision(untagged), answers.item_recall(untagged)) == (None, None)
    assert (answers.item_precision(crashed(tags=("list",))), answers.item_recall(crashed(tags=("list",)))) == (0.0, 0.0)


def test_one_span_that_is_not_verbatim_spoils_the_answer() -> None:
    row = answered("a", "b")
    assert answers.verbatim(row) == 1.0
    assert answers.verbatim(replace(row, spans=(row.spans[0], replace(row.spans[1], verbatim=False)))) == 0.0


def test_correct_begins_at_half_the_words() -> None:
    assert answers.is_correct(answered("stay", gold=(("stay here now",),)))  # F1 = 1/2
    assert not answers.is_correct(answered("stay", gold=(("stay here right now",),)))  # F1 = 2/5
    assert not answers.is_correct(answered("stay", **unanswerable()))


@pytest.mark.parametrize(
    ("reason", "kind", "true"),
    [
        ("section_missing", "sibling", 1.0),
        ("section_missing", "not_stated", 1.0),
        ("section_missing", "not_in_corpus", 0.0),
        ("unknown_procedure", "not_in_corpus", 1.0),
        ("unknown_procedure", "off_domain", 1.0),
        ("unknown_procedure", "not_stated", 0.0),
        ("no_relevant_content", "sibling", 1.0),
        ("low_confidence", "sibling", None),
        ("not_a_question", "off_domain", None),
    ],
)
def test_a_reason_is_true_or_not_or_says_nothing(reason: str, kind: str, true: float | None) -> None:
    assert answers.true_reason(abstained(reason=reason, **unanswerable(kind))) == true


def test_a_reason_for_no_answer_is_never_true_of_a_question_that_has_one() -> None:
    for reason in ("section_missing", "unknown_procedure", "no_relevant_content"):
        assert answers.true_reason(abstained(reason=reason)) == 0.0
    assert answers.true_reason(answered("stay 7 days")) is None
    assert answers.true_reason(crashed()) is None
