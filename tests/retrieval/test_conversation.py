"""Whether a follow-up stays on the page before, or turns to another: worked by hand over three pages."""

from __future__ import annotations

import math

import numpy as np
import pytest

from procqa.index.lexical import LexicalIndex, write_lexical
from procqa.retrieval.conversation import (
    CALLED,
    DOUBT,
    LEAVES,
    STAYS,
    STAYS_LONGER,
    STAYS_TURNING,
    TWIN,
    read_names,
)
from procqa.retrieval.names import Names
from procqa.retrieval.query import read_query

PAGES = (["Open hernia mending"], ["Keyhole hernia mending"], ["Heart valve exchange by catheter"])
OPEN, KEYHOLE, HEART = range(3)
# The two hernias' titles are alike, the heart's is unlike both.
TITLES = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], dtype=np.float32)
WEIGHTS = {"page": 1.0, "named": 0.2, "called": 0.2}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    folder = tmp_path_factory.mktemp("conversation") / "lexical"
    write_lexical([(page[0], "Recovery", "Rest at home.") for page in PAGES], folder)
    return Names(LexicalIndex(folder), PAGES.__getitem__)


def continues(
    names: Names, question: str, history: list[str], before: tuple[float, ...] = (0.0, 0.0, 0.0)
) -> list[float]:
    query = read_query(question, history)
    _, continued = read_names(names, query, range(3), (), TITLES, np.array(before, dtype=np.float32), WEIGHTS)
    return [float(value) for value in continued]


def test_what_stands_alone_follows_nothing(names: Names) -> None:
    assert continues(names, "How long is open hernia mending?", []) == [0, 0, 0]


def test_what_names_nothing_stays_and_its_twin_is_next(names: Names) -> None:
    stayed = continues(names, "How long until I can drive a car again?", ["What is open hernia mending?"])
    assert stayed == pytest.approx([STAYS, TWIN * 0.8, 0], abs=1e-3)


def test_a_follow_up_of_more_words_needs_the_page_before_less(names: Names) -> None:
    # 18 words are twice as many as usual.
    told = "My sister drove me home last time and I felt fine. Could I drive again on day two?"
    stayed = continues(names, told, ["What is open hernia mending?"])
    assert stayed == pytest.approx([STAYS + STAYS_LONGER * math.log(2), TWIN * 0.8, 0], abs=1e-3)


def test_what_calls_another_page_by_its_name_speaks_for_that(names: Names) -> None:
    # "Keyhole" and "hernia" are two of its three words, "hernia" one of the three of the page before.
    asked = "How long until I can drive after a keyhole hernia?"
    turned = continues(names, asked, ["What is open hernia mending?"])
    stays = STAYS + STAYS_LONGER * math.log(10 / 9)
    assert turned == pytest.approx([stays + CALLED / 9, TWIN * 0.8 + CALLED * 4 / 9, 0], abs=1e-3)


def test_a_page_that_was_meant_nearly_as_clearly_is_stayed_on_in_part(names: Names) -> None:
    stayed = continues(names, "How long until I can drive a car again?", ["My groin"], (0.5, 0.5 - DOUBT, 0.1))
    assert stayed == pytest.approx([STAYS, STAYS / math.e + TWIN * 0.8, 0], abs=1e-3)


def test_what_may_turn_stays_less(names: Names) -> None:
    turned = continues(names, "What about with a camera, how long is it?", ["What is open hernia mending?"])
    assert turned == pytest.approx([STAYS + STAYS_TURNING, TWIN * 0.8, 0], abs=1e-3)


def test_what_surely_turns_leaves_the_page_for_a_twin(names: Names) -> None:
    turned = continues(names, "And for the other kind?", ["What is open hernia mending?"])
    assert turned == pytest.approx([LEAVES, TWIN * 0.8, 0], abs=1e-3)


def test_a_question_across_pages_follows_none(names: Names) -> None:
    assert continues(names, "Which operations take an hour?", ["What is open hernia mending?"]) == [0, 0, 0]


def test_words_tell_by_how_few_of_further_pages_have_them(names: Names) -> None:
    query, nothing = read_query("the hernia"), np.zeros(2, dtype=np.float32)
    among_two, _ = read_names(names, query, [OPEN, KEYHOLE], (), TITLES[:2], nothing, WEIGHTS)
    among_three, _ = read_names(names, query, [OPEN, KEYHOLE], [HEART], TITLES[:2], nothing, WEIGHTS)
    assert among_two.named.tolist() == [0, 0]
    assert among_three.named.tolist() == [1, 1]
