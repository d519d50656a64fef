"""How each question of a run ended: right, rightly refused, or in one kind of failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from procqa.evaluation import answers
from procqa.evaluation.records import PassageRecord, Row, SectionRef


class Ending(StrEnum):
    """The ways a question can end; the worst failures first."""

    TWIN_ANSWER = "twin_answer"
    FALSE_ANSWER = "false_answer"
    WRONG_PAGE = "wrong_page"
    WRONG_SECTION = "wrong_section"
    WRONG_WORDS = "wrong_words"
    FALSE_REFUSAL = "false_refusal"
    FAILED = "failed"
    RIGHT = "right"
    RIGHT_REFUSAL = "right_refusal"


SUCCESSES = (Ending.RIGHT, Ending.RIGHT_REFUSAL)


def ending(row: Row) -> Ending:
    """The one ending of a question; an answer is right from CORRECT_F1 on, when it stands on a right page."""
    if row.error is not None:
        return Ending.FAILED
    if not answers.is_answerable(row):
        return Ending.FALSE_ANSWER if answers.is_answered(row) else Ending.RIGHT_REFUSAL
    if answers.false_refusal(row):
        return Ending.FALSE_REFUSAL
    if answers.twin_answer(row):
        return Ending.TWIN_ANSWER
    if not answers.right_page(row):
        return Ending.WRONG_PAGE
    if answers.is_correct(row):
        return Ending.RIGHT
    return Ending.WRONG_WORDS if answers.right_section(row) else Ending.WRONG_SECTION


def by_ending(rows: Iterable[Row]) -> Mapping[Ending, list[Row]]:
    """The rows of each ending, in the order of `Ending`; the most confident first, since those mislead most."""
    grouped: dict[Ending, list[Row]] = {kind: [] for kind in Ending}
    for row in rows:
        grouped[ending(row)].append(row)
    return {kind: sorted(found, key=lambda row: -row.confidence) for kind, found in grouped.items()}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a passage's characters, and whether the gold or the answer quotes it."""

    text: str
    gold: bool
    answered: bool


@dataclass(frozen=True, slots=True)
class SeenPassage:
    """A retrieved passage as the report shows it."""

    rank: int
    passage: PassageRecord
    right_page: bool
    right_section: bool
    twin: bool
    pieces: tuple[Piece, ...]


def seen_passages(row: Row, limit: int) -> list[SeenPassage]:
    """The first passages of a question, with what the gold and the answer quote from them."""
    pages = {place.doc_id for place in row.relevant}
    gold = [(at.doc_id, at.start, at.end) for answer in row.gold_spans for places in answer for at in places]
    answered = [(span.doc_id, span.start, span.end) for span in row.spans if span.verbatim]
    return [
        SeenPassage(
            rank,
            passage,
            passage.doc_id in pages,
            SectionRef(passage.doc_id, passage.section) in row.relevant,
            passage.doc_id in (row.twin_pages or ()),
            _pieces(passage, gold, answered),
        )
        for rank, passage in enumerate(row.passages[:limit], 1)
    ]


def _pieces(
    passage: PassageRecord, gold: Sequence[tuple[str, int, int]], answered: Sequence[tuple[str, int, int]]
) -> tuple[Piece, ...]:
    """The passage cut where a quote begins or ends."""
    golds, ours = _within(passage, gold), _within(passage, answered)
    cuts = sorted({0, len(passage.text), *(cut for span in [*golds, *ours] for cut in span)})
    return tuple(
        Piece(passage.text[start:end], _covers(golds, start), _covers(ours, start)) for start, end in pairwise(cuts)
    )


def _within(passage: PassageRecord, quotes: Sequence[tuple[str, int, int]]) -> list[tuple[int, int]]:
    """The quotes' offsets in the passage's own text, cut to it."""
    size = len(passage.text)
    cut = [
        (max(start - passage.start, 0), min(end - passage.start, size))
        for doc_id, start, end in quotes
        if doc_id == passage.doc_id
    ]
    return [(start, end) for start, end in cut if start < end]


def _covers(spans: Sequence[tuple[int, int]], at: int) -> bool:
    return any(start <= at < end for start, end in spans)
