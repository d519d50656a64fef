"""Answers of several pieces: one a page for a question across pages, one for each thing that a message asks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from procqa.answering.choose import Chosen, one_line
from procqa.answering.draft import Drafter
from procqa.retrieval import Found, Query, Retriever, asks_across, compares, parts
from procqa.types import Filters

# One answer: from a section each.
Pieces = tuple[Chosen, ...]
# Pages that one answer quotes at most, and how far below the best page the last of them may score.
MOST_PAGES, NEAR_BEST = 8, 0.15
# A question whose nearest title is farther than this names no procedure.
NAMES_NONE = 0.5
# A line that fits a part of the question within this of the part's own best line answers it too.
ANSWERS_TOO = 0.05


class Composer:
    """Puts answers together from what a drafter says of one page and section."""

    def __init__(self, retriever: Retriever, drafter: Drafter, without: Collection[str] = ()) -> None:
        """Ablations go `without` "across" or "several"."""
        self._retriever = retriever
        self._drafter = drafter
        self._across = "across" not in without
        self._several = "several" not in without

    def across(self, query: Query, found: Found) -> list[int]:
        """The places of the pages that the question asks about together, or nothing where it asks about one.

        Those that it names one beside the other, or for "which procedures ...?" those that fit nearly as well as the
        best.
        """
        if not self._across:
            return []
        if compares(query.focus):
            named = self._retriever.named_apart(query, found)[:MOST_PAGES]
            return named if len(named) > 1 else []
        if asks_across(query.focus) and float(found.signals["title"][0]) < NAMES_NONE:
            pages = self._drafter.best_of_pages(found)[:MOST_PAGES]
            return [place for place in pages if found.scores[place] > found.scores[0] - NEAR_BEST]
        return []

    def of_pages(self, query: Query, found: Found, places: Sequence[int], confidence: float) -> Pieces:
        """The best line of each page."""
        return tuple(self._drafter.choose(query, found, place, confidence, one_line) for place in places)

    def of_sections(
        self, query: Query, found: Found, place: int, filters: Filters | None, confidence: float
    ) -> list[Pieces]:
        """An answer from each section of the page at a place, the best first and each further one less likely.

        The first answers every part of a message that asks several things.
        """
        whole = [
            (self._drafter.choose(query, found, other, round(confidence / rank, 4)),)
            for rank, other in enumerate(self._drafter.sections(found, place), 1)
        ]
        return [self._of_parts(query, *whole[0], filters), *whole[1:]]

    def _of_parts(self, query: Query, whole: Chosen, filters: Filters | None) -> Pieces:
        """The words that answer each part of the question in turn, from the page of the whole one's answer.

        A part that words already given answer as well gets no others.
        """
        asked = parts(query.focus) if self._several else []
        if len(asked) < 2:
            return (whole,)
        page = Filters((whole.doc_id,), filters.sections if filters else ())
        pieces: list[Chosen] = []
        for part in asked:
            of_part = replace(query, focus=part)
            there = self._retriever.search(of_part, page)
            if not len(there):
                continue
            piece = self._drafter.choose(of_part, there, 0, whole.confidence)
            given = {line.line.start for chosen in pieces for line in chosen.lines}
            scores = {line.line.start: line.score for line in self._drafter.lines(there, range(len(there)))}
            best = max(line.score for line in piece.lines)
            if not any(scores.get(start, -np.inf) > best - ANSWERS_TOO for start in given):
                pieces.append(replace(piece, lines=tuple(x for x in piece.lines if x.line.start not in given)))
        return tuple(pieces) or (whole,)
