"""The words' metrics against the rule that the SQuAD 2.0 script publishes, case by case, worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.evaluation.records import GoldSpan, SpanRecord
from procqa.evaluation.text_scores import exact_match, item_scores, normalise, span_overlap, token_f1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Heart, the LUNG and a vein.", "heart lung and vein"),
        ("an  apple\n a\tday", "apple day"),
        ("theatre another", "theatre another"),  # articles are whole words
        ("a-b", "ab"),  # punctuation goes before articles: no word "a" is left
        ("the.", ""),
        ("It’s 6–8 weeks", "it’s 6–8 weeks"),  # only ASCII punctuation is removed
        ("it's", "its"),
        ("ÉCLAIR ß", "éclair ß"),
        ("• item", "• item"),
        ("", ""),
        ("!?", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("answer", "gold", "exact", "f1"),
    [
        ("6 weeks", "6 weeks", 1, 1),
        ("The 6 weeks.", "6 Weeks", 1, 1),
        ("after 6 weeks", "6 weeks", 0, 0.8),  # precision 2/3, recall 1
        ("6 6 6", "6", 0, 0.5),  # each word counts once: precision 1/3, recall 1
        ("6 6", "6 6 7 8", 0, 2 / 3),
        ("knee", "hip", 0, 0),
        ("", "", 1, 1),
        ("the", "", 1, 1),
        ("the", "a", 1, 1),
        ("", "hip", 0, 0),
        ("hip", "the", 0, 0),
        ("naïve", "naive", 0, 0),
        ("one\ntwo", "one two", 1, 1),
    ],
)
def test_exact_match_and_f1(answer: str, gold: str, exact: float, f1: float) -> None:
    assert exact_match(answer, gold) == exact
    assert token_f1(answer, gold) == pytest.approx(f1)


@given(st.text(), st.text())
def test_f1_is_symmetric_bounded_and_1_for_exact_matches(one: str, other: str) -> None:
    value = token_f1(one, other)
    assert 0 <= value <= 1
    assert value == token_f1(other, one)
    assert token_f1(one, one) == 1
    if exact_match(one, other):
        assert value == 1


def cited(start: int, end: int, doc_id: str = "d") -> SpanRecord:
    return SpanRecord(doc_id, "Recovery", start, end, "x" * (end - start), True)


@pytest.mark.parametrize(
    ("spans", "quotes", "expected"),
    [
        ([cited(0, 10)], [[GoldSpan("d", 0, 10)]], 1),
        ([cited(0, 10)], [[GoldSpan("d", 5, 15)]], 0.5),  # 5 of 10 and of 10
        ([cited(0, 10)], [[GoldSpan("e", 0, 10)]], 0),
        ([cited(0, 10), cited(5, 20)], [[GoldSpan("d", 0, 20)]], 1),  # overlapping spans count once
        ([cited(0, 10)], [[GoldSpan("d", 0, 10)], [GoldSpan("d", 20, 30)]], 2 / 3),
        ([cited(50, 60)], [[GoldSpan("d", 0, 10), GoldSpan("d", 50, 60)]], 1),  # the place that fits best
        ([], [[GoldSpan("d", 0, 10)]], 0),
        ([cited(0, 10)], [[]], 0),
    ],
)
def test_span_overlap(spans: list[SpanRecord], quotes: list[list[GoldSpan]], expected: float) -> None:
    assert span_overlap(spans, quotes) == pytest.approx(expected)


def items(*texts: str) -> list[SpanRecord]:
    return [SpanRecord("d", "Risks and Complications", 0, 1, text, True) for text in texts]


@pytest.mark.parametrize(
    ("spans", "quotes", "expected"),
    [
        (items("Bleeding.", "Stroke"), ["bleeding", "Infection", "Stroke", "Pain"], (1, 0.5)),
        (items("Bleeding", "Bleeding"), ["Bleeding"], (0.5, 1)),  # a gold item is used once
        (items("• Bleeding\n  - Stroke\n1. Pain"), ["Bleeding", "Stroke", "Pain"], (1, 1)),
        (items("Bleeding from the wound"), ["Bleeding"], (0, 0)),
        (items("6 weeks", "7 days"), ["6 weeks"], (0.5, 1)),  # numbers that are no numbering stay
        ([], ["Bleeding"], (0, 0)),
    ],
)
def test_item_scores(spans: list[SpanRecord], quotes: list[str], expected: tuple[float, float]) -> None:
    assert item_scores(spans, quotes) == pytest.approx(expected)
