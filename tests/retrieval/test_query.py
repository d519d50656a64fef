"""What a message asks: short ones whole, long ones by their question, follow-ups with what they point back to."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.retrieval import Query, read_query

STAY = "How long do I stay in hospital after mitral valve repair?"
RAMBLING = (
    "My father is 81 and was told last week that his mitral valve leaks badly. He lives alone in the hills, two hours "
    "from us by car. We have a dog and no lift in the house. {asks} Thank you all so much, this has been a hard month."
)


@pytest.mark.parametrize(
    "question",
    [
        STAY,
        "risks?",
        "knee arthroscopy crutches",
        "I had it done. My leg is blue. Is that normal?",
        "Is it the same for the knee?",
        "  What about\nthe knee ",
        " ".join(["word"] * 30),
    ],
)
def test_a_short_question_is_asked_as_it_stands(question: str) -> None:
    assert read_query(question) == Query(question, question, 0)


@pytest.mark.parametrize(
    "asks",
    [
        "How long will he be in hospital?",
        "Will he be able to drive?",
        "He has no teeth of his own, does that matter for the anaesthetic?",
        "Please tell me when he can shower.",
        "So, my question is how long he will be away.",
        "I want to know who looks after him.",
        "Wondering what could go wrong.",
    ],
)
def test_a_long_message_is_asked_by_its_question(asks: str) -> None:
    message = RAMBLING.format(asks=asks)
    query = read_query(message)
    assert query.focus == asks
    assert query.context == message
    assert query.said_before == 0


def test_a_question_mark_tells_more_than_a_first_word() -> None:
    message = RAMBLING.format(asks="What a month it was. Can he drive?")
    assert read_query(message).focus == "Can he drive?"


def test_the_last_two_questions_of_a_long_message_are_asked() -> None:
    message = RAMBLING.format(asks="Is it safe? Who does it? He is afraid. How long does it take?")
    assert read_query(message).focus == "Who does it? How long does it take?"


def test_a_long_message_that_asks_nothing_is_read_whole() -> None:
    message = RAMBLING.format(asks="Driving after the operation.")
    assert read_query(message).focus == message


def test_one_word_more_than_thirty_is_long() -> None:
    assert read_query("Can he eat? " + "word " * 27).focus == "Can he eat? " + "word " * 27
    assert read_query("Can he eat? " + "word " * 28).focus == "Can he eat?"


@pytest.mark.parametrize(
    "follow_up",
    [
        "What about the aortic one?",
        "and what about aortic",
        "But how about aortic valve repair?",
        "And for the aortic valve?",
        "Same for aortic?",
        "is it the same for aortic valve repair",
        "Is that the same with the aortic one?",
        "same question, aortic",
        "No, the aortic one.",
        "Sorry, I meant aortic valve repair",
        "not the mitral, the aortic",
        "Actually aortic",
        "and when they do the aortic one?",
        "Oh, wait, aortic",
        "say they mend the aortic one",
    ],
)
def test_a_follow_up_that_points_elsewhere_asks_the_question_before(follow_up: str) -> None:
    query = read_query(follow_up, ["What is done at knee arthroscopy?", STAY])
    assert query.focus == f"{STAY} {follow_up}"


@pytest.mark.parametrize(
    "follow_up",
    [
        "How long do I stay?",
        "Is it safe?",
        "Is that done under general anaesthetic?",
        "What are the risks?",
        "Nothing to eat before?",
        "Notes to bring?",
        "And when can I drive?",
        "Who sorrys about it?",
    ],
)
def test_a_follow_up_with_a_question_of_its_own_asks_that(follow_up: str) -> None:
    assert read_query(follow_up, [STAY]).focus == follow_up


def test_only_a_follow_up_turns() -> None:
    assert read_query("What about the other one?", [STAY]).turns > read_query("What about a new one?", [STAY]).turns > 0
    assert read_query("What about the other one?").turns == 0
    assert read_query("How long do I stay?", [STAY]).turns == 0


@pytest.mark.parametrize(
    "follow_up",
    [
        "got that wrong, hers is the one where they only look",
        "sorry, the aortic one",
        "sorry, can you tell me for the knee one",
        "no, could you do the knee",
        "sorry my mistake, it's the knee I need. can you check",
    ],
)
def test_what_corrects_and_does_not_ask_points(follow_up: str) -> None:
    assert read_query(follow_up, [STAY]).focus == f"{STAY} {follow_up}"


def test_what_points_takes_its_question_from_the_last_message_that_asks() -> None:
    history = [STAY, "thanks, that helps", "It's Sheila by the way"]
    assert read_query("and for the aortic one?", history).focus == f"{STAY} and for the aortic one?"
    assert (
        read_query("and for the third kind?", [STAY, "what about aortic?"]).focus == f"{STAY} and for the third kind?"
    )
    assert read_query("and for aortic?", ["hello", "hi"]).focus == "hi and for aortic?"


@pytest.mark.parametrize(
    "follow_up",
    [
        "No worries, how long do I stay?",
        "sorry, when can I drive?",
        "wait when can i drive",
        "actually how long does it take",
        "how long does the other kind take",
        "the other sort, with the plates, how many days is she tender",
    ],
)
def test_what_corrects_and_asks_itself_is_asked_as_it_stands(follow_up: str) -> None:
    assert read_query(follow_up, [STAY]).focus == follow_up


@pytest.mark.parametrize("message", ["so " * 60 + "x", "a" + " " * 3990 + "x", "and " * 900])
def test_no_wording_takes_long_to_read(message: str) -> None:
    began = time.process_time()
    read_query(message, [message])
    assert time.process_time() - began < 1.0


def test_a_follow_up_to_a_long_message_asks_its_question() -> None:
    before = RAMBLING.format(asks="When can he drive?")
    assert read_query("And for aortic?", [before]).focus == "When can he drive? And for aortic?"


def test_the_context_is_all_that_was_said_oldest_first() -> None:
    query = read_query("Why?", ["First?", "Second?"])
    assert query.context == "First?\nSecond?\nWhy?"
    assert query.context[query.said_before :] == "Why?"


phrases = st.sampled_from(
    [
        "What about",
        "mitral",
        "valve.",
        "No, ",
        "Is it safe?",
        "\n",
        "- pain",
        "He is 2.5 years old.",
        "Who? ",
        "😀",
        "e.g.",
    ]
)
messages = st.one_of(st.lists(phrases, max_size=60).map(" ".join), st.text(max_size=120))


@given(question=messages, history=st.lists(messages, max_size=3))
def test_the_focus_is_always_words_of_what_was_written(question: str, history: list[str]) -> None:
    query = read_query(question, history)
    assert query.context == "\n".join([*history, question])
    assert query.context[query.said_before :] == question
    written = iter(query.context.split())
    assert all(word in written for word in query.focus.split()), "the same words, in the order they were written"
    assert bool(query.focus.strip()) >= bool(question.strip())
    if not history and len(question.split()) <= 30:
        assert query.focus == question


def test_the_last_messages_are_followed_oldest_first_each_with_its_own_before_it() -> None:
    history = ["My knee", "It hurts", "Will they operate?"]
    contexts = [message.context for message in read_query("How long?", history).conversation]
    assert contexts == [
        "My knee\nIt hurts",
        "My knee\nIt hurts\nWill they operate?",
        "My knee\nIt hurts\nWill they operate?\nHow long?",
    ]
    alone = read_query("How long?")
    assert alone.conversation == [alone]
    # However long it is.
    assert len(read_query("How long?", ["My knee"] * 3000).conversation) == 3
