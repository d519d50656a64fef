"""Lines and passages: exact offsets, nothing lost, nothing too long."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procqa.embedding import Encoder
from procqa.passages import count_tiktoken, embedded_prefix, embedded_text, split_document, split_lines
from procqa.types import Document, Line, Passage, Section

# What may stand between two lines: white space, and the bullet or number of the item that follows.
GAP = re.compile(r"\s*(?:(?:[-*•·◦▪‣●○–—]|\d{1,3}[.)]|[a-z][.)])[ \t]+)?")

PIECES = (
    *(
        "heart",
        "The valve is mended",
        "approx. 3 hrs",
        "e.g., rest",
        "2.5 mg",
        "Dr. Lee",
        "It’s",
        "😀👩‍⚕️",
        "naïve",
        "心臓",
        "x" * 90,
    ),
    *(
        "- ",
        "• ",
        "  • ",
        "1. ",
        "12) ",
        "a. ",
        "— ",
        "*",
        "  ",
        " ",
        "\n",
        "\n\n",
        "\n  ",
        "\t",
        "\u2028",
        "\x0b",
        "\u00a0",
    ),
    *(". ", "! ", "? ", ": ", "; ", ", ", ".", "…", "(", ")", '"', "#", "“", "”"),
)
pages = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
any_text = st.one_of(pages, st.text(st.characters(exclude_categories=["Cs"]), max_size=300))


def words(text: str, lines: Sequence[Line]) -> list[str]:
    return [text[line.start : line.end] for line in lines]


def lines_of(text: str) -> list[str]:
    return words(text, split_lines(text))


def document(*bodies: str, title: str = "Valve repair", headings: Sequence[str] = ()) -> Document:
    """A page of one section for each body, each with outer white space trimmed as readers do."""
    names = [*headings, *(f"Part {number}" for number in range(len(headings), len(bodies)))]
    text, sections = "", []
    for name, body in zip(names, bodies, strict=True):
        text += f"{name}\n\n"
        start = len(text) + len(body) - len(body.lstrip())
        text += body
        end = len(text.rstrip())
        if start < end:
            sections.append(Section(name, name, start, end))
        text += "\n\n"
    return Document("heart/valve", title, text, tuple(sections), "0" * 64)


def split(page: Document, encoder: Encoder, passage_tokens: int = 64) -> tuple[Passage, ...]:
    return split_document(page, encoder, passage_tokens)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It takes approx. 3 hrs. You go home.", ["It takes approx. 3 hrs.", "You go home."]),
        ("It takes 3 hrs. or so. Rest.", ["It takes 3 hrs. or so.", "Rest."]),
        ("Take 2.5 mg daily. Drink water.", ["Take 2.5 mg daily.", "Drink water."]),
        ("Avoid sport (e.g., running) today. Rest.", ["Avoid sport (e.g., running) today.", "Rest."]),
        ("Ask Dr. Lee. Then rest.", ["Ask Dr. Lee.", "Then rest."]),
        ("It’s safe 😀. Don’t drive!", ["It’s safe 😀.", "Don’t drive!"]),
        ("The wound is\nclosed with\nstitches. You rest.", ["The wound is\nclosed with\nstitches.", "You rest."]),
        ("One sentence. ", ["One sentence."]),
        ("No stop at the end", ["No stop at the end"]),
        ("", []),
        (" \n\t\n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert lines_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  • Bleeding\n  • Stroke (TIA)", ["Bleeding", "Stroke (TIA)"]),
        ("- Bleeding\n- Stroke", ["Bleeding", "Stroke"]),
        ("1. You sleep.\n2. A cut is made.", ["You sleep.", "A cut is made."]),
        ("a) Rest\nb) Ice", ["Rest", "Ice"]),
        ("- A long item that\n  goes on\n- Next", ["A long item that\n  goes on", "Next"]),
        ("- Stop eating. Drink water.\n- Rest", ["Stop eating.", "Drink water.", "Rest"]),
    ],
)
def test_items_exclude_their_bullets(text: str, expected: list[str]) -> None:
    found = split_lines(text)
    assert words(text, found) == expected
    assert all(line.is_item for line in found)


def test_the_lead_in_of_a_list_is_a_line_of_its_own() -> None:
    text = "It is for patients who:\n- Have heart failure\n- Are weak"
    found = split_lines(text)
    assert words(text, found) == ["It is for patients who:", "Have heart failure", "Are weak"]
    assert [line.is_item for line in found] == [False, True, True]


def test_what_follows_a_colon_on_its_own_line_is_another_line() -> None:
    assert lines_of("You will need:\nA pillow and a drink.") == ["You will need:", "A pillow and a drink."]


def test_sentences_of_a_paragraph_of_any_length_stay_whole() -> None:
    sentences = [f"On day {number} you may walk a little further than on the day before." for number in range(400)]
    assert lines_of(" ".join(sentences)) == sentences


def test_a_sentence_run_on_to_the_last_item_is_part_of_it() -> None:
    text = "- Bleeding\n- Rarely, arrhythmias Care involves antibiotics. Nurses watch you."
    assert lines_of(text) == ["Bleeding", "Rarely, arrhythmias Care involves antibiotics.", "Nurses watch you."]


def test_a_sentence_after_a_list_is_no_item() -> None:
    text = "- Bleeding\n- Stroke\nTell a nurse at once."
    found = split_lines(text)
    assert words(text, found)[-1] == "Tell a nurse at once."
    assert not found[-1].is_item


def test_blocks_number_paragraphs_and_items() -> None:
    found = split_lines("You rest. You eat.\n\nYou go.\n- One. Two.\n- Three.")
    assert [line.block for line in found] == [0, 0, 1, 2, 2, 3]


def test_only_the_asked_range_is_split() -> None:
    text = "Before. You rest. You go. After."
    found = split_lines(text, 8, 25)
    assert words(text, found) == ["You rest.", "You go."]


@given(any_text)
def test_lines_hold_all_but_space_and_bullets(text: str) -> None:
    found = split_lines(text)
    for line in found:
        assert line.start < line.end
        assert text[line.start : line.end] == text[line.start : line.end].strip()
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert all(before.block <= after.block for before, after in pairwise(found))
    borders = [0, *(place for line in found for place in (line.start, line.end)), len(text)]
    for start, end in zip(borders[::2], borders[1::2], strict=True):
        assert GAP.fullmatch(text[start:end]), text[start:end]


class CountingEncoder:
    """Counts as a word-piece model does: pieces of at most four letters, and each other sign."""

    name, dimensions = "counting", 1

    def __init__(self, max_tokens: int) -> None:
        self.max_tokens = max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w{1,4}|[^\w\s]", text)) for text in texts]

    def encode_documents(self, texts: Sequence[str]) -> list:  # pragma: no cover - splitting never encodes
        raise NotImplementedError

    def encode_question(self, text: str):  # pragma: no cover - splitting never encodes
        raise NotImplementedError


def check_passages(page: Document, encoder: Encoder, passage_tokens: int) -> None:
    passages = split(page, encoder, passage_tokens)
    assert passages == split(page, encoder, passage_tokens)
    assert len({passage.passage_id for passage in passages}) == len(passages)
    for passage in passages:
        body = page.text[passage.start : passage.end]
        assert (passage.doc_id, passage.title) == (page.doc_id, page.title)
        assert (passage.lines[0].start, passage.lines[-1].end) == (passage.start, passage.end)
        assert count_tiktoken(body) <= passage_tokens
        whole = embedded_text(passage, page.text, encoder)
        assert whole == embedded_prefix(passage.title, passage.heading, encoder) + body
        assert encoder.count_tokens([whole])[0] <= encoder.max_tokens
    for section in page.sections:
        inside = [p for p in passages if section.start <= p.start and p.end <= section.end]
        assert {p.section for p in inside} <= {section.name}
        kept = [(line.start, line.end) for passage in inside for line in passage.lines]
        assert kept == sorted(set(kept))
        assert all(before[1] <= after[0] for before, after in pairwise(kept))
        borders = [section.start, *(place for line in kept for place in line), section.end]
        for start, end in zip(borders[::2], borders[1::2], strict=True):
            assert GAP.fullmatch(page.text[start:end])
    of_sections = sum(section.start <= p.start < section.end for p in passages for section in page.sections)
    assert of_sections == len(passages)


@given(st.lists(any_text, min_size=1, max_size=3), any_text, st.sampled_from([32, 48, 180]), st.sampled_from([24, 64]))
def test_passages_hold_every_line_once_and_fit(bodies: list[str], title: str, billed: int, limit: int) -> None:
    check_passages(document(*bodies, title=title), CountingEncoder(limit), billed)


def test_a_short_section_is_one_passage(encoder: Encoder) -> None:
    page = document("You rest. You go home.", "- Stroke\n- Pain", headings=["Recovery", "Side effects"])
    first, second = split(page, encoder)
    assert (first.passage_id, second.passage_id) == ("heart/valve#recovery-1", "heart/valve#side-effects-1")
    assert page.text[first.start : first.end] == "You rest. You go home."
    assert words(page.text, second.lines) == ["Stroke", "Pain"]
    assert embedded_text(first, page.text, encoder) == "Valve repair\nRecovery\nYou rest. You go home."


def test_sections_of_one_name_get_ids_of_their_own(encoder: Encoder) -> None:
    page = document("You rest.", "You go.", headings=["Recovery", "Recovery"])
    assert [passage.passage_id for passage in split(page, encoder)] == [
        "heart/valve#recovery-1",
        "heart/valve#recovery-2",
    ]


def test_a_long_section_is_split_between_lines(encoder: Encoder) -> None:
    sentences = [f"On day {number} you walk a little more than before." for number in range(40)]
    page = document(" ".join(sentences))
    passages = split(page, encoder, 64)
    assert len(passages) > 5
    assert [text for passage in passages for text in words(page.text, passage.lines)] == sentences


def test_a_line_over_the_limit_is_cut_between_words(encoder: Encoder) -> None:
    long = " ".join(f"word{number}" for number in range(300))
    page = document(long)
    passages = split(page, encoder, 180)
    check_passages(page, encoder, 180)
    assert " ".join(page.text[p.start : p.end] for p in passages) == long
    assert len({line.block for passage in passages for line in passage.lines}) == 1


@pytest.mark.parametrize(
    "title", ["", "Insertion of a pacing electrode, " * 40, "x" * 5000], ids=["none", "long", "one word"]
)
@pytest.mark.parametrize("heading", ["Recovery", "What you need to know before you go home " * 30, "y" * 3000])
def test_titles_and_headings_of_any_length_leave_room(title: str, heading: str) -> None:
    body = "You stay for 3 days. " * 30
    page = document(body, title=title, headings=[heading])
    check_passages(page, CountingEncoder(64), 180)


@pytest.mark.parametrize("unit", ["x", "心", "😀", "a1", "-"])
def test_an_unbroken_line_of_20000_characters(unit: str) -> None:
    check_passages(document(unit * (20_000 // len(unit))), CountingEncoder(64), 180)


@pytest.mark.parametrize(
    "unit",
    ["You rest at home. ", "- Bleeding\n", "word ", "approx. 3 hrs ", "e.g. ", "\n", "  ", "• ", ". ", "a, ", "(“"],
)
def test_a_page_of_one_thing_over_and_over_ends(unit: str, encoder: Encoder) -> None:
    page = document("You rest. " + unit * (200_000 // len(unit)))
    began = time.perf_counter()
    split(page, encoder, 180)
    # Splitting that is quadratic in the page takes minutes here; a busy machine makes a linear one no slower than this.
    assert time.perf_counter() - began < 30


@settings(max_examples=20)
@given(st.integers(0, 200))
def test_tiktoken_counts_words_of_english(number: int) -> None:
    # " heart" is one token of cl100k, and so is "heart".
    assert count_tiktoken("heart" + " heart" * number) == number + 1
