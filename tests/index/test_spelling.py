"""Misspelt words are read as words of the pages, and what is a word stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.index.spelling import MOST_WORDS, WORDS, Spelling, write_words

PAGES = {"cataract": 9, "revision": 4, "tracheostomy": 3, "recovery": 8, "drive": 5, "weight": 2, "walk": 2, "trail": 1}
# Words that the model knows whole.
LANGUAGE = {"snip", "tidy", "boil", "when", "allowed", "squeeze", "wait"}
spelling = Spelling(PAGES, LANGUAGE.__contains__)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("when is my cateract done", "when is my cataract done"),
        ("REVISON? yes", "revision? yes"),
        ("Recvoery", "recovery"),  # two letters that changed places
        ("revishun", "revision"),  # two errors in a long word
        ("the wieght, the waight", "the weight, the weight"),
    ],
)
def test_a_misspelt_word_is_read_as_the_nearest_of_the_pages(said: str, read: str) -> None:
    assert spelling.mended(said) == read


@pytest.mark.parametrize(
    "said",
    [
        "wolk",  # too short to tell
        "waitt",  # of a short word two letters are another word
        "pataract",  # hardly anybody errs in the first letter
        "snipped tidied boils squeezing",  # forms of words that the model knows
        "trach",  # a long word clipped
        "iCataract",  # a name
        "2.5mg a-b",
        "",
    ],
)
def test_what_may_be_a_word_stays(said: str) -> None:
    assert spelling.mended(said) == said


def test_of_equally_near_words_the_most_frequent_is_meant() -> None:
    assert Spelling({"stent": 1, "stint": 7}, lambda _: False).mended("stont") == "stint"


@given(st.text(max_size=60))
def test_only_letters_change_and_mending_again_changes_nothing(text: str) -> None:
    once = spelling.mended(text)
    assert spelling.mended(once) == once
    assert [c for c in once if not c.isalpha()] == [c for c in text if not c.isalpha()]


def test_words_are_kept_with_their_counts_and_other_texts_add_to_them(tmp_path: Path) -> None:
    write_words(["Aortic valve, aortic VALVE.", "Ménière 2"], tmp_path)
    assert (tmp_path / WORDS).read_text(encoding="utf-8") == "aortic 2\nménière 1\nvalve 2\n"
    kept = Spelling.load(tmp_path, lambda _: False, ["aortic nephrectomy"])
    assert kept.mended("aorttic nefrectomy menière") == "aortic nephrectomy ménière"


def test_of_very_many_words_the_most_frequent_are_kept(tmp_path: Path) -> None:
    def word(number: int) -> str:
        return "".join(chr(ord("a") + int(digit)) for digit in f"{number:06}")

    write_words([" ".join(word(number) for number in range(MOST_WORDS + 5)), word(MOST_WORDS + 4)], tmp_path)
    lines = (tmp_path / WORDS).read_text(encoding="utf-8").splitlines()
    assert len(lines) == MOST_WORDS
    assert f"{word(MOST_WORDS + 4)} 2" in lines
