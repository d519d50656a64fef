"""Answers of several pieces: one a page for a question across pages, one for each thing that a message asks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import islice

from procqa.answering.choose import Chosen, one_line
from procqa.answering.draft import Drafter
from procqa.retrieval import Found, Query, Retriever, asks_across, compares
from procqa.types import Filters

# One answer: from a section each.
Pieces = tuple[Chosen, ...]
# Pages that one answer quotes at most, and how far below the best page the last of them may score.
MOST_PAGES, NEAR_BEST = 8, 0.15
# The same for pages that the question names itself.
NEAR_NAMED = 0.5
# A question whose nearest title is farther than this names no procedure.
NAMES_NONE = 0.5
# A line's fit to the whole question counts this much beside its fit to the part that is answered.
WHOLE = 0.5
# A line that fits a part within this of the part's own best line answers it too.
ANSWERS_TOO = 0.1


@dataclass(frozen=True, slots=True)
class Across:
    """The places of the pages that are asked about together, and what is asked of each."""

    places: tuple[int, ...] = ()
    asked: str = ""

    def __bool__(self) -> bool:
        return bool(self.places)


class Composer:
    """Puts answers together from what a drafter says of one page and section."""

    def __init__(self, retriever: Retriever, drafter: Drafter, without: Collection[str] = ()) -> None:
        """Ablations go `without` "across" or "several"."""
        self._retriever = retriever
        self._drafter = drafter
        self._across = "across" not in without
        self._several = "several" not in without

    def across(self, query: Query, found: Found) -> Across:
        """The pages that the question asks about together, or none where it asks about one.

        Those that it names one beside the other, or else the best and its twins; for "which procedures ...?" those that
        fit nearly as well as the best.
        """
        if not self._across:
            return Across()
        if compares(query.focus):
            named, asked = self._retriever.named_apart(query, found)
            together = [place for place in named if found.scores[place] > found.scores[0] - NEAR_NAMED][:MOST_PAGES]
            if len(together) > 1 and 0 in together:
                return Across(tuple(together), asked if self._retriever.says_much(asked) else "")
            return Across(tuple(self._drafter.twins(found)))
        if asks_across(query.focus) and float(found.signals["title"][0]) < NAMES_NONE:
            pages = self._drafter.best_of_pages(found)[:MOST_PAGES]
            return Across(tuple(place for place in pages if found.scores[place] > found.scores[0] - NEAR_BEST))
        return Across()

    def of_pages(
        self, query: Query, found: Found, across: Across, filters: Filters | None, confidence: float
    ) -> Pieces:
        """The best line of each page, for what is asked of it without the names of the others."""
        pieces = [self._drafter.choose(query, found, place, confidence, one_line) for place in across.places]
        if across.asked:
            asked = Query(across.asked, across.asked)
            on_pages = [self._blended(asked, query, piece.doc_id, filters) for piece in pieces]
            pieces = [self._drafter.choose(asked, there, 0, confidence, one_line) for there in on_pages]
        return tuple(pieces)

    def of_sections(
        self, query: Query, found: Found, filters: Filters | None, confidence: float, limit: int
    ) -> list[Pieces]:
        """An answer from each of the best sections of the best page, the best first and each further one less likely.

        The first answers every part of a message that asks several things.
        """
        whole = [
            (self._drafter.choose(query, found, other, round(confidence / rank, 4)),)
            for rank, other in enumerate(islice(self._drafter.sections(found, 0), max(1, limit)), 1)
        ]
        if not query.parts or not self._several:
            return list(whole)
        return [self._of_parts(query, *whole[0], filters), *whole[1:]]

    def _of_parts(self, query: Query, whole: Chosen, filters: Filters | None) -> Pieces:
        """The words that answer each part of the question in turn, from the page of the whole one's answer.

        A part that words already given answer as well gets no others.
        """
        pieces: list[Chosen] = []
        given: set[int] = set()
        for part in query.parts:
            of_part = replace(query, focus=part, parts=())
            there = self._blended(of_part, query, whole.doc_id, filters)
            piece = self._drafter.choose(of_part, there, 0, whole.confidence)
            enough = max(line.score for line in piece.lines) - ANSWERS_TOO
            lines = self._drafter.lines(there, range(len(there)))
            if not any(line.score > enough and line.line.start in given for line in lines):
                pieces.append(replace(piece, lines=tuple(x for x in piece.lines if x.line.start not in given)))
                given.update(line.line.start for line in piece.lines)
        return tuple(pieces)

    def _blended(self, part: Query, whole: Query, doc_id: str, filters: Filters | None) -> Found:
        """What a page says to a part of a question, in which the whole of it has a say too."""
        page = Filters((doc_id,), filters.sections if filters else ())
        return self._retriever.search(part, page).blended(self._retriever.search(whole, page), WHOLE)
