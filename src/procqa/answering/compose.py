"""Answers of several pieces: one a page for a question across pages, one for each thing that a message asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from procqa.answering.choose import Chosen, SectionLine, one_line
from procqa.answering.confidence import Evidence
from procqa.answering.decide import SAME_NAME
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


@dataclass(frozen=True, slots=True)
class Subject:
    """What a question is about, and the evidence for an answer from the best page.

    `options` are the places of the pages to choose between, one when it is clear; `of_parts` the place for each part of
    a message, where they are about several pages.
    """

    across: Across
    of_parts: tuple[int, ...]
    options: tuple[int, ...]
    evidence: Evidence


class Composer:
    """Puts answers together from what a drafter says of one page and section."""

    def __init__(self, retriever: Retriever, drafter: Drafter, without: Collection[str] = ()) -> None:
        """Ablations go `without` "across" or "several"."""
        self._retriever = retriever
        self._drafter = drafter
        self._across = "across" not in without
        self._several = "several" not in without

    def subject(self, query: Query, found: Found) -> Subject:
        """What a question is about, and what speaks for an answer to it."""
        across, of_parts = self._pages_across(query, found), self._pages_of_parts(query, found)
        together = across.places or tuple(dict.fromkeys(of_parts))
        options = (0,) if together else tuple(self._drafter.pages(query, found))
        return Subject(across, of_parts, options, self._drafter.evidence(query, found, 0, together))

    def answers(
        self, query: Query, found: Found, subject: Subject, filters: Filters | None, confidence: float, limit: int
    ) -> list[Pieces]:
        """Up to `limit` answers, the best first; `confidence` is that of the best."""
        if subject.across:
            return [self._of_pages(query, found, subject.across, filters, confidence)]
        if len(subject.options) > 1:  # each is as likely to be right as the first, if its page is the one meant
            return [(self._drafter.choose(query, found, place, confidence),) for place in subject.options[:limit]]
        several = query.parts if self._several else ()
        answers: list[Pieces] = []
        for rank, place in enumerate(islice(self._drafter.sections(found, 0), max(1, limit)), 1):
            if several and rank == 1:
                answers.append(self._of_parts(query, found, subject.of_parts, filters, confidence))
                continue
            piece = self._drafter.choose(query, found, place, round(confidence / rank, 4))
            # What the words for several questions say already is not said again.
            lines = _without(piece, answers[0]) if several else piece.lines
            answers += [(replace(piece, lines=lines),)] if lines else []
        return answers

    def _pages_across(self, query: Query, found: Found) -> Across:
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
            twins = self._drafter.twins(found)
            # "Are both tonsils taken out in an adult tonsillectomy?" compares nothing: it calls one page by its name.
            called = found.signals["called"][twins]
            alike = [place for place, own in zip(twins, called, strict=True) if own > called[0] - SAME_NAME]
            return Across(tuple(alike) if len(alike) > 1 else ())
        if asks_across(query.focus) and float(found.signals["title"][0]) < NAMES_NONE:
            pages = self._drafter.best_of_pages(found)[:MOST_PAGES]
            return Across(tuple(place for place in pages if found.scores[place] > found.scores[0] - NEAR_BEST))
        return Across()

    def _pages_of_parts(self, query: Query, found: Found) -> tuple[int, ...]:
        """The place of the best passage of the page that each part of a message is about, or nothing if they are one.

        A part that names no page is about the best one.
        """
        if not self._several:
            return ()
        places = tuple(self._retriever.named_in(part, found) for part in query.parts)
        return places if len(set(places)) > 1 else ()

    def _of_pages(
        self, query: Query, found: Found, across: Across, filters: Filters | None, confidence: float
    ) -> Pieces:
        """The best line of each page, for what is asked of it without the names of the others."""
        pieces = [self._drafter.choose(query, found, place, confidence, one_line) for place in across.places]
        if across.asked:
            asked = Query(across.asked, across.asked)
            on_pages = [self._blended(asked, query, piece.doc_id, filters) for piece in pieces]
            pieces = [self._drafter.choose(asked, there, 0, confidence, one_line) for there in on_pages]
        return tuple(pieces)

    def _of_parts(
        self, query: Query, found: Found, places: Sequence[int], filters: Filters | None, confidence: float
    ) -> Pieces:
        """The words that answer each part of the question in turn, each from the page at its place, or from the best.

        A part that words already given answer as well gets no others.
        """
        pieces: list[Chosen] = []
        for part, place in zip(query.parts, places or (0,) * len(query.parts), strict=True):
            of_part = replace(query, focus=part, parts=())
            there = self._blended(of_part, query, self._drafter.doc_id(found, place), filters)
            piece = self._drafter.choose(of_part, there, 0, confidence)
            enough = max(line.score for line in piece.lines) - ANSWERS_TOO
            said = replace(piece, lines=tuple(self._drafter.lines(there, range(len(there)))))
            lines, new = _without(piece, pieces), _without(said, pieces)
            if not lines or any(line.score > enough and line not in new for line in said.lines):
                continue
            # A sentence of which a clause was given takes the clause's place.
            pieces = [replace(other, lines=kept) for other in pieces if (kept := _without(other, [piece]))]
            pieces.append(replace(piece, lines=lines))
        return tuple(pieces)

    def _blended(self, part: Query, whole: Query, doc_id: str, filters: Filters | None) -> Found:
        """What a page says to a part of a question, in which the whole of it has a say too."""
        page = Filters((doc_id,), filters.sections if filters else ())
        return self._retriever.search(part, page).blended(self._retriever.search(whole, page), WHOLE)


def _without(piece: Chosen, given: Iterable[Chosen]) -> tuple[SectionLine, ...]:
    """The lines of a piece that do not stand within words that are given."""
    said = [x.line for other in given if other.doc_id == piece.doc_id for x in other.lines]
    return tuple(x for x in piece.lines if not any(y.start <= x.line.start and x.line.end <= y.end for y in said))
