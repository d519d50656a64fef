"""Whether a follow-up stays on the page before, or turns to another: worked by hand over three pages."""

from __future__ import annotations

import numpy as np
import pytest

from procqa.index.lexical import LexicalIndex, write_lexical
from procqa.retrieval.conversation import INSTEAD, STAYS, STAYS_NAMING, read_names
from procqa.retrieval.names import Names
from procqa.retrieval.query import read_query

PAGES = (["Open hernia mending"], ["Keyhole hernia mending"], ["Heart valve exchange by catheter"])
OPEN, KEYHOLE, HEART = range(3)
# The two hernias' titles are alike, the heart's is unlike both.
TITLES = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], dtype=np.float32)
WEIGHTS = {"named": 0.35, "called": 0.2}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    folder = tmp_path_factory.mktemp("conversation") / "lexical"
    write_lexical([(page[0], "Recovery", "Rest at home.") for page in PAGES], folder)
    return Names(LexicalIndex(folder), PAGES.__getitem__)


def left(names: Names, question: str, history: list[str], before: tuple[float, ...] = (0, 0, 0)) -> list[float]:
    query = read_query(question, history)
    read = read_names(names, query, range(3), (), TITLES, np.array(before, dtype=np.float32), WEIGHTS)
    return [float(value) for value in read.left]


def test_what_stands_alone_leaves_nothing(names: Names) -> None:
    assert left(names, "How long is open hernia mending?", []) == [0, 0, 0]


def test_what_names_nothing_stays(names: Names) -> None:
    assert left(names, "How long is it?", ["What is open hernia mending?"]) == [-STAYS, 0, 0]


def test_a_word_of_another_name_is_less_reason_to_stay(names: Names) -> None:
    # "Heart" is one of the four words of a name: it calls no page by it.
    assert left(names, "And my heart tablets?", ["What is open hernia mending?"]) == [-STAYS_NAMING, 0, 0]


def test_half_of_another_name_is_none(names: Names) -> None:
    assert left(names, "Is a heart catheter sore?", ["What is open hernia mending?"]) == [0, 0, 0]


def test_words_of_its_own_name_stay(names: Names) -> None:
    assert left(names, "Is the open hernia sore?", ["What is open hernia mending?"]) == [-STAYS_NAMING, 0, 0]


def test_pages_that_were_meant_nearly_as_clearly_are_stayed_on_in_part(names: Names) -> None:
    stayed = left(names, "How long is it?", ["They will mend my groin"], (0.5, 0.4, 0.1))
    assert stayed == pytest.approx([-STAYS, -STAYS / 2, 0], abs=1e-6)


def test_what_turns_goes_to_a_twin_and_leaves_the_page(names: Names) -> None:
    turned = left(names, "And for the other kind?", ["What is open hernia mending?"])
    assert turned == pytest.approx([3 - INSTEAD, -INSTEAD * 0.8, 0], abs=1e-6)


def test_a_question_across_pages_stays_on_none(names: Names) -> None:
    assert left(names, "Which operations take an hour?", ["What is open hernia mending?"]) == [0, 0, 0]


def test_words_tell_by_how_few_of_further_pages_have_them(names: Names) -> None:
    query, before = read_query("the hernia"), np.zeros(2, dtype=np.float32)
    among_two = read_names(names, query, [OPEN, KEYHOLE], (), TITLES[:2], before, WEIGHTS)
    among_three = read_names(names, query, [OPEN, KEYHOLE], [HEART], TITLES[:2], before, WEIGHTS)
    assert among_two.named.tolist() == [0, 0]
    assert among_three.named.tolist() == [1, 1]
