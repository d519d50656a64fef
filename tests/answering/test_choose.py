"""One line, or the whole list when a list is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.answering.choose import SectionLine, asks_for_list, choose_lines
from procqa.types import Line

RISKS = "What are the risks?"
STAY = "How long do I stay?"


def section(*lines: tuple[str, float]) -> list[SectionLine]:
    """Lines of a section with their scores; those that begin with • are items."""
    made, start = [], 0
    for number, (text, score) in enumerate(lines):
        made.append(SectionLine(Line(start, start + len(text), number, text.startswith("•")), text, score))
        start += len(text) + 1
    return made


MIXED = section(
    ("These are common.", 0.3),
    ("• Pain", 0.5),
    ("• Bleeding", 0.9),
    ("• Bruising", 0.1),
    ("Rare ones:", 0.2),
    ("• Clot", 0.8),
)


def chosen(question: str, lines: list[SectionLine]) -> list[str]:
    return [line.text for line in choose_lines(question, lines)]


def test_a_list_that_is_asked_for_is_given_whole() -> None:
    assert chosen(RISKS, MIXED) == ["• Pain", "• Bleeding", "• Bruising"]


def test_the_list_is_that_of_the_best_item() -> None:
    best_last = [*MIXED[:-1], SectionLine(MIXED[-1].line, MIXED[-1].text, 1.0)]
    assert chosen(RISKS, best_last) == ["• Clot"]


def test_a_list_is_whole_from_the_first_line_to_the_last() -> None:
    for best in range(3):
        lines = section(*((f"• {number}", float(number == best)) for number in range(3)))
        assert chosen(RISKS, lines) == ["• 0", "• 1", "• 2"]


def test_one_fact_is_one_line_also_from_a_list() -> None:
    assert chosen(STAY, MIXED) == ["• Bleeding"]


def test_a_list_that_is_asked_for_is_given_even_where_its_lead_in_fits_better() -> None:
    lines = section(("Bleeding is the main risk.", 0.9), ("• Pain", 0.5), ("• Clot", 0.5))
    assert chosen(RISKS, lines) == ["• Pain", "• Clot"]
    assert chosen(STAY, lines) == ["Bleeding is the main risk."]


def test_of_equal_lines_the_first_answers() -> None:
    assert chosen(STAY, section(("First.", 0.5), ("Second.", 0.5))) == ["First."]


@pytest.mark.parametrize(
    "question",
    [
        RISKS,
        "which tests do I need",
        "LIST the side effects",
        "What other options are there?",
        "Who will be in the room?",
    ],
)
def test_wording_that_asks_for_all(question: str) -> None:
    assert asks_for_list(question)


@pytest.mark.parametrize(
    "question",
    [
        STAY,
        "When can I drive?",
        "Is it a listed building?",
        "Can I eat?",
        "Which is the likeliest complication?",
        "How long is the waiting list?",
        "How soon can I climb steps?",
        "",
    ],
)
def test_wording_that_asks_for_one_thing(question: str) -> None:
    assert not asks_for_list(question)


@given(
    lines=st.lists(st.tuples(st.sampled_from(["• item", "Sentence."]), st.floats(-1, 3)), min_size=1, max_size=12),
    question=st.sampled_from([RISKS, STAY]),
)
def test_what_is_chosen_is_one_run_that_holds_the_best(lines: list[tuple[str, float]], question: str) -> None:
    every = section(*lines)
    found = list(choose_lines(question, every))
    first = every.index(found[0])
    assert found == every[first : first + len(found)]
    rivals = [line for line in every if line.line.is_item or not found[0].line.is_item or question == STAY]
    assert max(line.score for line in found) == max(line.score for line in rivals)
    if question == STAY or not found[0].line.is_item:
        assert len(found) == 1
    else:
        assert all(line.line.is_item for line in found)
        around = [*every[max(0, first - 1) : first], *every[first + len(found) : first + len(found) + 1]]
        assert not any(line.line.is_item for line in around), "the list goes on"
