"""Misspelt words are read as words of the pages, and what is a word stays as it is."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.engine import Engine
from procqa.index.snapshot import Snapshot
from procqa.index.spelling import ENGLISH, MOST_MENDED, MOST_WORDS, WORDS, Spelling, operations, write_words
from procqa.retrieval import Retriever
from procqa.settings import Settings
from tests.index.conftest import Build
from tests.index.spying import SpyEncoder

PAGES = """cataract cataract revision tracheostomy recovery weight weight weighs walk sipped lobectomy angiogram
colonoscopy nephrostomy colonize must stent stint stint tear keine surgery track sneezing need should relieve stains
urethroscopy"""


@pytest.fixture(scope="module")
def spelling(tmp_path_factory: pytest.TempPathFactory) -> Spelling:
    folder = tmp_path_factory.mktemp("words")
    write_words([PAGES], folder)
    return Spelling.load(folder)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("when is my cateract done", "when is my cataract done"),
        ("Revison? yes", "revision? yes"),
        ("Done. Revison?", "Done. revision?"),
        ("WHEN IS REVISON", "WHEN IS revision"),
        ("recvoery", "recovery"),  # two letters that changed places
        ("revishun", "revision"),  # two errors in a long word
        ("the wieght, the waight", "the weight, the weight"),
        ("colonscopy", "colonoscopy"),
        ("stont", "stint"),  # of two words as near the more frequent one
    ],
)
def test_a_misspelt_word_is_read_as_the_nearest_of_the_pages(said: str, read: str, spelling: Spelling) -> None:
    assert spelling.mended(said) == read


@pytest.mark.parametrize(
    "said",
    [
        "wolk",  # too short to tell
        "revushyn",  # three errors
        "pataract",  # hardly anybody errs in the first letter
        "snipped squeezing stairs",  # words of English
        "statins",  # a medicine, no stains
        "trach",  # a long word clipped
        "nephrectomy nephrotomy colposcopy urethroplscopy",  # other procedures
        "TEVAR at the Cateract Centre, an iCataract",  # names
        "mustn't needn't shouldnt",
        "recieve",  # a word that no page has, with two letters that changed places
        "e" * 39 + "recovvery",
        "surgery² revison½ H2Oo",
        "手术后可以吃饭吗",
        "2.5mg a-b",
        "",
    ],
)
def test_what_may_be_a_word_stays(said: str, spelling: Spelling) -> None:
    assert spelling.mended(said) == said


_LETTERS = st.sampled_from("abcdefghilmnoprstuvwy")


@given(
    st.lists(
        st.tuples(st.sampled_from(PAGES.split()), st.integers(0, 8), _LETTERS, st.sampled_from(" ,½²'é?")), max_size=6
    )
)
def test_only_letters_change_and_mending_again_changes_nothing(
    spelling: Spelling, typed: list[tuple[str, int, str, str]]
) -> None:
    text = "".join(word[:place] + letter + word[place + 1 :] + after for word, place, letter, after in typed)
    once = spelling.mended(text)
    assert spelling.mended(once) == once
    assert [c for c in once if not c.isalpha()] == [c for c in text if not c.isalpha()]


def test_of_a_text_that_is_no_question_only_so_many_words_are_mended(spelling: Spelling) -> None:
    def word(number: int) -> str:
        return "revi" + chr(ord("a") + number % 26) + chr(ord("a") + number // 26) + "on"

    nobodys = " ".join(word(number) for number in range(MOST_MENDED + 100))
    assert "recvoery" in spelling.mended(f"{nobodys} recvoery")
    assert spelling.mended(f"recvoery {nobodys}").startswith("recovery ")


def test_dots_before_names_take_no_time(spelling: Spelling) -> None:
    text = "." * 2000 + "x " + "Names " * 330
    began = time.perf_counter()
    assert spelling.mended(text) == text
    assert time.perf_counter() - began < 2  # by trying every dot for every name it took half a minute


@pytest.mark.parametrize("numbers", [np.zeros(3), np.array([3, 1], np.uint64), np.zeros((1, 1), np.uint64)])
def test_damaged_words_of_english_are_refused(numbers: np.ndarray, tmp_path: Path) -> None:
    write_words(["aortic"], tmp_path)
    np.save(tmp_path / ENGLISH, numbers)
    with pytest.raises(ValueError, match=ENGLISH):
        Spelling.load(tmp_path)


def test_words_are_kept_with_their_counts_and_other_texts_add_to_them(tmp_path: Path) -> None:
    write_words(["Aortic valve, aortic VALVE.", "Me\u0301nie\u0300re 2"], tmp_path)
    assert (tmp_path / WORDS).read_text(encoding="utf-8") == "aortic 2\nménière 1\nvalve 2\n"
    kept = Spelling.load(tmp_path, ["aortic zolgensma"])
    assert kept.mended("aorttic zolgensna menière") == "aortic zolgensma ménière"


def test_of_very_many_words_the_most_frequent_are_kept(tmp_path: Path) -> None:
    def word(number: int) -> str:
        return "".join(chr(ord("a") + int(digit)) for digit in f"{number:06}")

    write_words([" ".join(word(number) for number in range(MOST_WORDS + 5)), word(MOST_WORDS + 4)], tmp_path)
    lines = (tmp_path / WORDS).read_text(encoding="utf-8").splitlines()
    assert len(lines) == MOST_WORDS
    assert f"{word(MOST_WORDS + 4)} 2" in lines


@pytest.mark.model
@pytest.mark.parametrize(
    ("asked", "before"), [("How long after mitrall valve repare?", ()), ("And the risks?", ("mitrall",))]
)
def test_questions_and_earlier_ones_are_mended_before_anything_is_looked_for(
    asked: str, before: tuple[str, ...], real_index: Path
) -> None:
    snapshot = Snapshot.open(real_index)
    mended, typed = Retriever(snapshot).read(asked, before), Retriever(snapshot, mends=False).read(asked, before)
    assert "mitral" in mended.context.split() and "mitrall" not in mended.context
    assert "mitrall" in typed.context
    assert Engine.open(real_index).ask(asked, history=before).question == asked


def test_a_page_that_comes_later_brings_its_words(settings: Settings, build: Build, spy: SpyEncoder) -> None:
    def read() -> str:
        return Retriever(Snapshot.open(settings.index, encoder=spy)).read("zolgensna").focus

    build()
    assert read() == "zolgensna"
    (settings.corpus / "later.md").write_text("# Zolgensma infusion\n\n## Duration\n\nIt takes an hour.\n")
    build()
    assert read() == "zolgensma"


def test_procedures_are_told_by_how_their_names_end() -> None:
    assert operations("Colonoscopy, or a CT colonogram? I've had a stent and my appendectomy") == [
        "Colonoscopy",
        "colonogram",
        "appendectomy",
    ]
