"""What a wording asks for: several things, which procedures, the same of several; and what only looks so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.retrieval.wording import asks_across, asks_without, compares, parts, turns


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("How long does it take? When can I drive?", ["How long does it take?", "When can I drive?"]),
        ("how long does it take and when can I drive?", ["how long does it take", "when can I drive?"]),
        ("Is it a day case, and will it hurt", ["Is it a day case", "will it hurt"]),
        ("how long is it and who does it, and will it hurt?", ["how long is it", "who does it", "will it hurt?"]),
        ("WHERE IS IT DONE AND WHEN CAN I FETCH HER", ["WHERE IS IT DONE", "WHEN CAN I FETCH HER"]),
        ("who does an angiogram and who else is there", ["who does an angiogram", "who else is there"]),
        ("So what's the catch & how big is the scar?", ["So what's the catch", "how big is the scar?"]),
        ("How long is it? Who does it? Any risks?", ["How long is it?", "Who does it?", "Any risks?"]),
        ("Hello? How long is it? Who does it? OK?", ["How long is it?", "Who does it?"]),
        ("My hip hurts. What is done? Can I walk after?", ["What is done?", "Can I walk after?"]),
    ],
)
def test_several_questions_are_told_apart(message: str, asked: list[str]) -> None:
    assert parts(message) == asked


@pytest.mark.parametrize(
    "message",
    [
        "how and when do I wash it?",
        "when and how often do I take the drops?",
        "what do I rub in and how often?",
        "What are the risks and benefits?",
        "can I eat and drink before?",
        "Can I eat and have a drink?",
        "who gives the drug and watches me?",
        "what happens before and after?",
        "what should I do if it bleeds and swells?",
        "could they leave the second vein and do it another day?",
        "What has to be right before they go on and do an extra vein?",
        "when you're asleep and they scrape, how far is the neck opened?",
        "When the week is up, is it another trip to theatre?",
        "Which will be sorer, where the skin was lifted or where it went?",
        "is it breakfast first, yes or no?? its the one with a jab",
        "and what if they only do a partial one?",
        "last milk? last water?",
        "mitral valve repair recovery, driving and work",
        "How far in does it go, and how deep?",
        "how far in does it go, where's the tip",
        "",
    ],
)
def test_what_is_one_question_stays_one(message: str) -> None:
    assert parts(message) == [message]


def test_no_more_than_some_are_answered() -> None:
    assert len(parts(" ".join(f"Who is number {number}?" for number in range(9)))) == 4


QUESTIONS = ("how long does it take", "when can I drive", "who does it", "will it hurt", "where is it done")


@given(
    st.lists(st.sampled_from(QUESTIONS), min_size=2, max_size=4), st.sampled_from([" and ", ", and ", "; and ", " & "])
)
def test_questions_that_are_joined_come_apart_again(asked: list[str], joint: str) -> None:
    assert parts(joint.join(asked)) == asked
    assert parts(" ".join(f"{question}?" for question in asked)) == [f"{question}?" for question in asked]


@given(st.text(max_size=80))
def test_a_part_is_words_of_the_message(message: str) -> None:
    assert all(part in message for part in parts(message))
    assert 1 <= len(parts(message)) <= 4


@pytest.mark.parametrize(
    "message",
    [
        "Which procedures need general anaesthesia?",
        "what operations are done as day surgery",
        "list all procedures that take under an hour",
        "Which of your operations need an overnight stay?",
        "are any tests done by a nurse?",
        "Name the heart operations with a risk of stroke",
    ],
)
def test_which_procedures_are_asked_for(message: str) -> None:
    assert asks_across(message)


@pytest.mark.parametrize(
    "message",
    [
        "which tests do I need before a knee replacement?",
        "what other treatments are there?",
        "What procedure is this?",
        "what scans will he have first?",
        "how many operations does it take?",
        "What are the risks?",
    ],
)
def test_what_one_procedure_involves_is_not_which_procedures(message: str) -> None:
    assert not asks_across(message)


@pytest.mark.parametrize(
    "message",
    [
        "sleeve v bypass: nights in hospital",
        "EVAR against open repair",
        "days off for each: sling, bulking",
        "both ops",
    ],
)
def test_the_same_is_asked_of_several(message: str) -> None:
    assert compares(message)


@pytest.mark.parametrize(
    "message", ["what happens at each visit?", "both sides of the ankle", "every drop", "Is it done in the IV suite?"]
)
def test_each_part_of_one_procedure_is_no_comparison(message: str) -> None:
    assert not compares(message)


@pytest.mark.parametrize(
    "follow_up",
    [
        "what about the one with two leads?",
        "no the scraping one, does that hurt",
        "And the ordinary kind?",
        "is it sorer the keyhole way",
        "say they use the laser, how long then",
        "ok, and if it's both sides?",
        "no, the left one",
        "Oh wait, she said bypass",
        "sorry, I've muddled the letters",
        "mine's under local",
        "my sister’s having hers through the mouth, same stay?",
        "and for the aortic valve?",
    ],
)
def test_a_turn_to_another_procedure_is_told(follow_up: str) -> None:
    assert turns(follow_up)


@pytest.mark.parametrize(
    "follow_up",
    [
        "and the risks?",
        "how long?",
        "Can my husband stay with me?",
        "is it done the same way",
        "what would I have instead",
        "when can I drive",
        "And for how long will it ache?",
        "will anyone be there",
        "what about the risks?",
        "sorry, what are the risks?",
        "what are the risks actually?",
        "my husband is asking about the risks",
        "how am I meant to wash",
        "no food from when?",
        "the type of anaesthetic, which is it",
        "what is the best way to sleep",
        "Dad's on blood thinners, does that matter",
        "",
    ],
)
def test_a_question_of_the_same_procedure_is_no_turn(follow_up: str) -> None:
    assert not turns(follow_up)


@pytest.mark.parametrize(
    ("question", "without"),
    [
        ("Which procedures do not need a general anaesthetic?", True),
        ("what operations don't leave a scar", True),
        ("which tests are done without sedation?", True),
        ("which operations won't need a general?", True),
        ("which procedures can be done without a cut", True),
        ("which procedures need a general anaesthetic?", False),
        ("is it done without any injections?", False),
        ("what tests are done before it if I do not have a referral", False),
        ("which operations mean that I may not drive?", False),
        ("why do I not need an anaesthetic?", False),
    ],
)
def test_what_something_is_not_true_of(question: str, without: bool) -> None:
    assert asks_without(question) is without


def test_a_correction_that_asks_does_not_turn() -> None:
    assert turns("actually the left one is bad") == turns("sorry, the laser") == 1
    assert turns("actually how long does it take") == turns("sorry, how long is it?") == 0
