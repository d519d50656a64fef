"""Which parts of a sentence stand by themselves, and that a part answers only where nothing hangs on the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.answering.clauses import clauses


def divided(sentence: str) -> list[str]:
    return [sentence[start:end] for start, end in clauses(sentence)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Showers are fine from the next day; swimming waits 2 weeks.",
            ["Showers are fine from the next day", "swimming waits 2 weeks."],
        ),
        (
            "Aspirin goes on; warfarin stops 5 days before; ask about any other blood thinner.",
            ["Aspirin goes on", "warfarin stops 5 days before", "ask about any other blood thinner."],
        ),
    ],
)
def test_clauses_that_stand_by_themselves(sentence: str, expected: list[str]) -> None:
    assert divided(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "You may drive after a week.",
        "You may drive after a week; but not with a splint.",
        "Sedation is given; for large polyps an anesthetist puts the patient to sleep.",
        "Water is allowed; if sedation is planned, drink nothing.",
        "Take the tablets on the morning; they lower the risk of clots.",
        "Usually 1 to 2 hours; up to 3 hours with scarring.",
        "The risks are: bleeding from the wound; infection of the wound; a scar that hurts.",
        "Bleeding; infection; pain.",
        "A;b",
        "; ",
        "",
    ],
)
def test_what_hangs_together_is_not_divided(sentence: str) -> None:
    assert divided(sentence) == [sentence]


def test_a_clause_that_leans_on_another_stays_with_it() -> None:
    sentence = "Clopidogrel stops 7 days before; if you have a stent, ask first; aspirin may go on."
    assert divided(sentence) == [
        "Clopidogrel stops 7 days before; if you have a stent, ask first",
        "aspirin may go on.",
    ]


@given(st.text(alphabet="ab ;:.\u00e9\n", max_size=60))
def test_nothing_but_semicolons_and_spaces_is_lost(sentence: str) -> None:
    pieces = clauses(sentence)
    assert [*pieces] == sorted(pieces)
    outside = list(sentence)
    for start, end in pieces:
        outside[start:end] = [""] * (end - start)
    assert not "".join(outside).strip("; \n")
