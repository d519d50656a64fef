"""Whether a follow-up stays on the page before, or turns to another: worked by hand over three pages."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from procqa.embedding import Encoded
from procqa.index.lexical import LexicalIndex, write_lexical
from procqa.retrieval.conversation import (
    DOUBT,
    LEAVES,
    STAYS,
    TURNED,
    TWIN,
    TWIN_CALLED,
    Followed,
    Said,
    follow,
    turning,
)
from procqa.retrieval.names import Names
from procqa.retrieval.query import read_query

PAGES = (["Open hernia mending"], ["Keyhole hernia mending"], ["Heart valve exchange by catheter"])
OPEN, KEYHOLE, HEART = range(3)
# The two hernias are about the like, the heart is about something else. Their mean is (0.6, 0.533); what sets them
# apart from it points to (0.6, -0.8), (0.949, 0.316) and (-0.789, 0.614), of which the first two have this cosine.
SUBJECTS = np.array([[2.0, 0.0], [0.8, 0.6], [0.0, 1.0]], dtype=np.float32)
ALIKE = 0.3162
WEIGHTS = {"page": 1.0, "named": 0.2, "called": 0.2, "literal": 0.0, "continues": 1.0}
# How far a message of nine words, the usual length, turns where its wording does not say so: log odds of -2.05.
USUAL = STAYS + TURNED * 0.1141
NO_TEXT = Encoded(np.zeros(2, np.float32), np.zeros((0, 2), np.float32), np.zeros((0, 2), np.int32))


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    folder = tmp_path_factory.mktemp("conversation") / "lexical"
    write_lexical([(page[0], "Recovery", "Rest at home.") for page in PAGES], folder)
    return Names(LexicalIndex(folder), PAGES.__getitem__)


def followed(
    names: Names,
    question: str,
    history: list[str],
    known: Sequence[float] = (0.0, 0.0, 0.0),
    pages: Sequence[int] = (OPEN, KEYHOLE, HEART),
    others: Sequence[int] = (),
) -> Followed:
    """`known` is how well each page knows what was said before the question; none knows the question itself."""
    conversation = read_query(question, history).conversation
    of_each = [known] * (len(conversation) - 1) + [[0.0] * len(pages)]
    said = [
        Said(message, NO_TEXT, np.zeros((0, len(pages)), np.float32), np.array(known, dtype=np.float32))
        for message, known in zip(conversation, of_each, strict=True)
    ]
    return follow(names, said, pages, others, lambda: SUBJECTS[: len(pages)], WEIGHTS)


def continues(names: Names, question: str, history: list[str], known: Sequence[float] = (0.0, 0.0, 0.0)) -> list[float]:
    return [float(value) for value in followed(names, question, history, known).continues]


def test_what_stands_alone_follows_nothing(names: Names) -> None:
    assert continues(names, "How long is open hernia mending?", []) == [0, 0, 0]


def test_what_names_nothing_stays_and_what_is_about_the_like_is_next(names: Names) -> None:
    stayed = continues(names, "How long until I can drive a car again?", ["What is open hernia mending?"])
    assert stayed == pytest.approx([USUAL, TWIN * ALIKE, 0], abs=1e-3)


def test_a_follow_up_of_more_words_needs_the_page_before_less(names: Names) -> None:
    # 18 words are twice as many as usual: log odds of -2.05 + 3.2 ln 2 = 0.168 that it turns.
    told = "My sister drove me home last time and I felt fine. Could I drive again on day two?"
    stayed = continues(names, told, ["What is open hernia mending?"])
    assert stayed == pytest.approx([STAYS + TURNED * 0.5419, TWIN * ALIKE, 0], abs=1e-3)


def test_what_calls_a_twin_by_its_name_speaks_for_that(names: Names) -> None:
    # "Keyhole" and "hernia" are two of its three words; ten words have log odds of -2.05 + 3.2 ln (10/9) = -1.713.
    asked = "How long until I can drive after a keyhole hernia?"
    turned = continues(names, asked, ["What is open hernia mending?"])
    assert turned == pytest.approx([STAYS + TURNED * 0.1528, (TWIN + TWIN_CALLED * 4 / 9) * ALIKE, 0], abs=1e-3)


def test_a_page_that_was_meant_nearly_as_clearly_is_stayed_on_in_part(names: Names) -> None:
    stayed = continues(names, "How long until I can drive a car again?", ["My groin"], (0.5, 0.5 - DOUBT, 0.1))
    # It has 0.269 of what they have together, and so far the first one is the like of the page before, too.
    second = 0.2689
    expected = [USUAL + TWIN * ALIKE * second, USUAL / math.e + TWIN * ALIKE * (1 - second), 0]
    assert stayed == pytest.approx(expected, abs=1e-3)


def test_what_may_turn_stays_less(names: Names) -> None:
    # Nine words: log odds of -2.05 + 2.71.
    turned = continues(names, "What about with a camera, how long is it?", ["What is open hernia mending?"])
    assert turned == pytest.approx([STAYS + TURNED * 0.6593, TWIN * ALIKE, 0], abs=1e-3)


def test_what_surely_turns_leaves_the_page_for_a_twin(names: Names) -> None:
    turned = continues(names, "And for the other kind?", ["What is open hernia mending?"])
    assert turned == pytest.approx([LEAVES, TWIN * ALIKE, 0], abs=1e-3)


def test_how_probably_a_message_turns_is_told_by_its_length_and_wording() -> None:
    history = ["What is open hernia mending?"]
    assert turning(read_query("How long until I can drive a car again?", history)) == pytest.approx(0.1141, abs=1e-4)
    # Five words: log odds of -2.05 + 3.2 ln (5/9) + 3 * 2.71 = 4.199.
    assert turning(read_query("And for the other kind?", history)) == pytest.approx(0.9852, abs=1e-4)


def test_a_question_across_pages_follows_none(names: Names) -> None:
    assert continues(names, "Which operations take an hour?", ["What is open hernia mending?"]) == [0, 0, 0]


def test_each_message_is_followed_from_the_page_before_it(names: Names) -> None:
    history = ["What is open hernia mending?", "And keyhole hernia mending, how long is that?"]
    # The second message turned to the keyhole page by its name; so that is the page that the last one stays on.
    stayed = continues(names, "When can I drive a car again after that?", history)
    assert stayed == pytest.approx([TWIN * ALIKE, USUAL, 0], abs=0.05)
    # What stayed said nothing of names, and stays.
    again = continues(
        names, "When can I drive a car again after that?", ["What is open hernia mending?", "Does it hurt?"]
    )
    assert again == pytest.approx([USUAL, TWIN * ALIKE, 0], abs=2e-2)


def test_how_far_a_page_is_from_the_page_before(names: Names) -> None:
    assert followed(names, "How long is it?", []).left.tolist() == [0, 0, 0]
    left = followed(names, "How long is it?", ["My groin"], (0.5, 0.3, 0.1)).left
    assert left == pytest.approx([0, 0.2, 0.4])


def test_words_tell_by_how_few_of_further_pages_have_them(names: Names) -> None:
    among_two = followed(names, "the hernia", [], pages=[OPEN, KEYHOLE]).naming
    among_three = followed(names, "the hernia", [], pages=[OPEN, KEYHOLE], others=[HEART]).naming
    assert among_two.named.tolist() == [0, 0]
    assert among_three.named.tolist() == [1, 1]


def test_a_name_counts_word_for_word_in_the_message_that_says_it(names: Names) -> None:
    said = followed(names, "And open hernia mending?", ["What is keyhole hernia mending?"]).naming.literal
    assert said.tolist() == [1, 0, 0]
    assert not followed(names, "And the risks?", ["What is keyhole hernia mending?"]).naming.literal.any()
