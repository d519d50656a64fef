"""Search by words: BM25 with weighted fields."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procqa.index.lexical import LexicalIndex, write_lexical

PASSAGES = [
    ("Knee arthroscopy", "Recovery", "Walk with crutches for two days."),
    ("Hip replacement", "Recovery", "Walk with crutches for six weeks. The knee may ache."),
    ("Cataract surgery", "Risks", "Bleeding in the eye, infection and clouding."),
    ("Cataract surgery", "Recovery", "Do not rub the eye."),
    ("Naïve café repair", "Duration", "It takes 2.5 hours."),
]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    folder = tmp_path_factory.mktemp("words") / "lexical"
    write_lexical(PASSAGES, folder)
    return LexicalIndex(folder)


def rows(index: LexicalIndex, text: str, k: int = 10) -> list[int]:
    return index.search(text, k)[0].tolist()


def test_a_word_of_the_title_weighs_more_than_one_of_the_body(words: LexicalIndex) -> None:
    assert rows(words, "knee") == [0, 1]


def test_a_word_of_the_heading_weighs_more_than_one_of_the_body(tmp_path: Path) -> None:
    write_lexical([("A", "Duration", "risks"), ("A", "Risks", "duration")], tmp_path / "w")
    assert rows(LexicalIndex(tmp_path / "w"), "duration") == [0, 1]


def test_forms_of_a_word_case_and_accents_are_one(words: LexicalIndex) -> None:
    assert rows(words, "INFECTIONS bleeds") == [2]
    assert rows(words, "naive cafe") == [4]


def test_only_allowed_rows_are_found_and_scores_do_not_change(words: LexicalIndex) -> None:
    every, scores = words.search("recovery crutches", 10)
    allowed = np.array([1, 3])
    found, of_allowed = words.search("recovery crutches", 10, allowed)
    assert found.tolist() == [row for row in every.tolist() if row in allowed]
    expected = [score for row, score in zip(every, scores, strict=True) if row in allowed]
    np.testing.assert_allclose(of_allowed, expected, rtol=1e-6)


def test_the_best_come_first_and_ties_by_row(tmp_path: Path) -> None:
    write_lexical([("A", "B", "same words")] * 5, tmp_path / "w")
    index = LexicalIndex(tmp_path / "w")
    found, scores = index.search("same words", 3)
    assert found.tolist() == [0, 1, 2]
    assert len(set(scores.tolist())) == 1


def test_terms_and_content_terms(words: LexicalIndex) -> None:
    assert words.terms("How long is the Recovery?") == ["how", "long", "is", "the", "recoveri"]
    assert words.content_terms("How long is the Recovery?") == {"long", "recoveri"}
    assert words.frequency("crutch") == 2
    assert words.frequency("absent") == 0


OPERATORS = ["knee", "AND", "OR", "NOT", "(", '"', "title:", "*", "~2", "^", "+", "-", "[", "x" * 300]


@settings(max_examples=60)
@given(
    text=st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
        st.lists(st.sampled_from(OPERATORS)).map(" ".join),
    )
)
def test_any_text_is_searched_as_words(text: str, words: LexicalIndex) -> None:
    found, scores = words.search(text, 3)
    assert len(found) == len(scores) <= 3
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    assert set(found.tolist()) <= set(range(len(PASSAGES)))
