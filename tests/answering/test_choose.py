"""One line, or all of them when all are asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.answering.choose import HEADED, MOST_WORDS, WHOLE_SECTION, SectionLine, asks_for_all, choose_lines
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
    return [line.text for line in choose_lines(asks_for_all(question), lines)]


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
    assert asks_for_all(question) > 0


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
    assert asks_for_all(question) == 0


def test_what_the_vector_tells_and_the_name_of_the_section_count_beside_the_wording() -> None:
    assert asks_for_all(STAY, 0.25) == 0.25
    assert asks_for_all(RISKS, 0.25) == asks_for_all(RISKS) + 0.25
    assert asks_for_all("hernia repair recovery", -1.0, 1.0) == HEADED - 1.0 > 0
    assert asks_for_all("how long is recovery", -2.5, 1.0) < 0
    assert asks_for_all("how long is recovery", -2.5, 1.0, only=True) > WHOLE_SECTION
    assert asks_for_all("total knee replacement", 0.0, 0.0, only=True) == 0.0


PROSE = section(("Bruising is common.", 0.3), ("One in ten aches for months.", 0.9), ("It may come back.", 0.1))


@pytest.mark.parametrize(("asked", "given"), [(WHOLE_SECTION, [1]), (WHOLE_SECTION + 0.01, [0, 1, 2])])
def test_a_section_without_a_list_is_given_whole_only_where_all_is_surely_asked_for(
    asked: float, given: list[int]
) -> None:
    assert list(choose_lines(asked, PROSE)) == [PROSE[place] for place in given]


def test_a_long_section_is_not_given_whole() -> None:
    words = MOST_WORDS - sum(len(item.text.split()) for item in PROSE)
    for more, count in ((0, 4), (1, 1)):
        assert len(choose_lines(9.0, [*PROSE, *section(("long " * (words + more), 0.2))])) == count


@given(
    lines=st.lists(st.tuples(st.sampled_from(["• item", "Sentence."]), st.floats(-1, 3)), min_size=1, max_size=12),
    question=st.sampled_from([RISKS, STAY]),
)
def test_what_is_chosen_is_one_run_that_holds_the_best(lines: list[tuple[str, float]], question: str) -> None:
    every = section(*lines)
    found = list(choose_lines(asks_for_all(question), every))
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
