"""Search in two steps: a pool of pages that dense vectors, BM25 and titles propose, then late interaction within them.

Plain fusion of a dense and a BM25 ranking loses to the dense one alone on pages told in sections: words find the right
page and the wrong section. So the pool only proposes pages. Each line of these is then compared with the question
token by token, and gets one weighted sum in which the whole page, its names, its heading and the router also speak.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.index.snapshot import Snapshot
from procqa.retrieval.found import Found, ScoredLines, nothing_found
from procqa.retrieval.interaction import compare_lines, token_weights
from procqa.retrieval.names import Names
from procqa.retrieval.query import Query, read_query
from procqa.types import Filters, Hit

DENSE_POOL, LEXICAL_POOL, TITLE_POOL = 200, 100, 10
# Pages and passages that are compared token by token.
PAGE_POOL, PASSAGE_POOL = 24, 400
# Of the parts of a line's score; fitted by grid on gold-dev. The passage's one vector, BM25 and the title's vector
# propose pages and speak to the calibration, but add nothing to this order beside token vectors taught for it.
WEIGHTS: Mapping[str, float] = {
    "line": 1.0,
    "page": 1.5,
    "section": 0.01,
    "heading": 0.1,
    "named": 0.35,
    "called": 0.2,
    "bare": 0.1,
    "left": -0.6,
}
# Sections that say what a procedure is.
OPENINGS = frozenset({"Summary", "Introduction"})
# The page's weight is so many times as great where the focus alone does not name the procedure.
CONTEXT_FACTOR = 2.0
# A token of an earlier question counts this much beside one of the question itself, when the page is looked for.
HISTORY_WEIGHT = 0.25
# What the question itself says of names counts this much where there are earlier ones: it may turn to a near twin.
TURN_SHARE = 0.5
# For staying on the page before, or turning to one of the same title, speaks so much of what speaks for leaving it.
INSTEAD = 0.5


class Retriever:
    """Searches one snapshot."""

    def __init__(self, snapshot: Snapshot, weights: Mapping[str, float] = WEIGHTS) -> None:
        self._snapshot = snapshot
        self._weights = weights
        # Passages are stored document by document: those of page p are first_of[p] to first_of[p + 1].
        self._first_of = np.searchsorted(snapshot.document_of, np.arange(snapshot.manifest.documents + 1))
        self._names = Names(snapshot.lexical, snapshot.store.names)
        sections = snapshot.section_of.names
        known = {name: place for place, name in enumerate(snapshot.router.sections)} if snapshot.router else {}
        # Of each section by its number: its place among those that the router knows, the one after them for any other.
        self._routed = np.array([known.get(name, len(known)) for name in sections], dtype=np.int64)
        self._opens = np.array([name in OPENINGS for name in sections], dtype=bool)
        self._headings: dict[int, frozenset[str]] = {}  # of a section by its number: the words of its name

    def read(self, question: str, history: Sequence[str] = (), filters: Filters | None = None) -> Query:
        """A question and the earlier ones of its conversation, with the pages' own names in place of aliases.

        Where the filters leave one page, its title is taken as said.
        """
        spelt_out = self._snapshot.aliases.spelt_out
        pages = self._snapshot.store.numbers(filters.doc_ids) if filters and len(filters.doc_ids) == 1 else []
        about = next((self._snapshot.store.names(page)[0] for page in pages), "")
        return read_query(spelt_out(question), [spelt_out(earlier) for earlier in history], about)

    def search(self, query: Query, filters: Filters | None = None) -> Found:
        """The passages of the pages that fit best, best first; scores do not depend on how many are looked at."""
        context = self._snapshot.encoder.encode_question(query.context)
        allowed = self._allowed(filters)
        titles = self._snapshot.titles @ context.vector
        rows, bm25 = self._pool(query.context, context.vector, titles, allowed)
        if not len(rows) or not len(context.tokens):
            return nothing_found(context)
        return self._rank(query, context, titles, rows, bm25)

    def hits(self, found: Found, limit: int) -> list[Hit]:
        """The first passages of a result, with their words."""
        store = self._snapshot.store
        return [
            Hit(
                passage,
                store.text(passage),
                float(found.scores[place]),
                {name: float(values[place]) for name, values in found.signals.items()},
            )
            for place, passage in enumerate(store.passages(found.rows[:limit]))
        ]

    def says_much(self, text: str) -> bool:
        """Whether a text has words that carry a subject."""
        return bool(self._snapshot.lexical.content_terms(text))

    def named_apart(self, query: Query, found: Found) -> tuple[list[int], str]:
        """The places of the best passages of the pages that a question names one beside the other, and what it asks."""
        pages, first = np.unique(self._snapshot.document_of[found.rows], return_index=True)
        place_of = dict(sorted(zip(pages.tolist(), first.tolist(), strict=True), key=lambda item: item[1]))
        named, rest = self._names.named_apart(query.focus, list(place_of))
        return [place_of[page] for page in named], rest

    def _passages_of(self, page: int) -> Rows:
        return np.arange(self._first_of[page], self._first_of[page + 1])

    def _pool(
        self, question: str, vector: FloatArray, titles: FloatArray, allowed: Rows | None
    ) -> tuple[Rows, FloatArray]:
        """All passages of the proposed pages, by row, and the BM25 score of each (0 to 1, best is 1)."""
        snapshot = self._snapshot
        if allowed is not None and not len(allowed):
            return allowed, np.zeros(0, dtype=np.float32)
        dense_rows, _ = snapshot.dense.search(vector, DENSE_POOL, allowed)
        lexical_rows, lexical_scores = snapshot.lexical.search(question, LEXICAL_POOL, allowed)
        if len(lexical_scores):
            lexical_scores = lexical_scores / lexical_scores.max()
        pages = self._proposed(dense_rows, lexical_rows, titles)
        rows = np.concatenate([self._passages_of(page) for page in pages])
        if allowed is not None:
            rows = np.intersect1d(rows, allowed)
        rows = np.unique(rows[:PASSAGE_POOL])
        bm25 = np.zeros(len(rows), dtype=np.float32)
        known = np.isin(lexical_rows, rows)
        bm25[np.searchsorted(rows, lexical_rows[known])] = lexical_scores[known]
        return rows, bm25

    def _proposed(self, dense_rows: Rows, lexical_rows: Rows, titles: FloatArray) -> list[int]:
        """Pages in turn from the dense ranking, the BM25 ranking and the titles, each once."""
        rankings = (
            dict.fromkeys(self._snapshot.document_of[dense_rows].tolist()),
            dict.fromkeys(self._snapshot.document_of[lexical_rows].tolist()),
            dict.fromkeys(_first(titles, TITLE_POOL).tolist()),
        )
        turns = itertools.chain.from_iterable(itertools.zip_longest(*rankings))
        return [page for page in dict.fromkeys(turns) if page is not None][:PAGE_POOL]

    def _rank(self, query: Query, context: Encoded, titles: FloatArray, rows: Rows, bm25: FloatArray) -> Found:
        snapshot = self._snapshot
        focus = context if query.focus == query.context else snapshot.encoder.encode_question(query.focus)
        similar = compare_lines(_stacked(context, focus), snapshot.tokens.gather(rows))
        if not len(similar.passages):
            return nothing_found(focus)
        of_context = similar.best[: len(context.tokens)]
        of_focus = similar.best[-len(focus.tokens) :] if len(focus.tokens) else similar.best[:0]
        weights = token_weights(query.context, context, query.said_before, HISTORY_WEIGHT)
        documents = snapshot.document_of[rows]
        # Rows are in the order of their pages, so each page's lines stand together.
        page_of_line = documents[similar.passages]
        first_of_page = np.flatnonzero(np.diff(page_of_line, prepend=-1))
        page_best = np.maximum.reduceat(of_context, first_of_page, axis=1)
        pages = page_of_line[first_of_page]
        # A page whose lines hold nothing that the encoder knows counts as its neighbour, and drops out below.
        page_of = np.minimum(np.searchsorted(pages, documents), len(pages) - 1)
        line_scores = token_weights(query.focus, focus) @ of_focus
        of_passage = {
            "page": (weights @ page_best)[page_of],
            "title": titles[documents],
            "dense": snapshot.dense.vectors(rows) @ focus.vector,
            "bm25": bm25,
            "section": self._section_scores(focus.vector, rows),
            **self._name_scores(query, rows),
            "left": self._left(query, context.offsets[:, 0] < query.said_before, pages, page_best)[page_of],
        }
        parts = dict(self._weights)
        if query.focus != query.context:
            # What the whole conversation says of the page outweighs where the bare question finds like words.
            parts["page"] *= CONTEXT_FACTOR
        context_scores = sum(
            (parts[name] * of_passage[name] for name in parts if name != "line"), np.zeros(len(rows), np.float32)
        )
        line_totals = self._weights["line"] * line_scores + context_scores[similar.passages]
        # How well the page knows the words of the question that it knows least: a procedure of another name shows here.
        least = _weakest(page_best, weights)[page_of]
        starts = np.searchsorted(similar.passages, np.arange(len(rows) + 1))
        signals = {**of_passage, "weakest": least, "line": _greatest(line_scores, starts)}
        totals = _greatest(line_totals, starts)
        order = np.lexsort((rows, -totals))
        order = order[np.isfinite(totals[order])]  # a passage of characters that the encoder drops has no lines
        return Found(
            rows[order],
            totals[order].astype(np.float32),
            {name: values[order] for name, values in signals.items()},
            ScoredLines(similar.lines, line_totals, starts, order),
            focus,
        )

    def _left(self, query: Query, said: NDArray[np.bool_], pages: Rows, page_best: FloatArray) -> FloatArray:
        """How far a follow-up leaves each page, (pages,); below 0 where it stays or turns to the page instead.

        Where it is worded as turning, that is 1 for the page that the earlier questions are about, and for others the
        less the more their titles are like its own. Where it names nothing, it stays on that page, the surer the more
        of its name was said. `said` (tokens,) are those of earlier questions, `page_best` (tokens, pages) the best
        cosines.
        """
        left = np.zeros(len(pages), dtype=np.float32)
        if not said.any():
            return left
        named, called = self._names.scores(query.context[: query.said_before], pages.tolist())
        scores = self._weights["page"] * CONTEXT_FACTOR * page_best[said].mean(axis=0)
        before = int((scores + self._weights["named"] * named + self._weights["called"] * called).argmax())
        if query.turns:
            titles = self._snapshot.titles[pages]
            left = -INSTEAD * (titles @ titles[before])
            left[before] = 1.0
        elif not self._names.scores(query.context[query.said_before :], pages.tolist())[0].any():
            left[before] = -INSTEAD * called[before]
        return left

    def _section_scores(self, vector: FloatArray, rows: Rows) -> FloatArray:
        """The router's log probability of each passage's section; of a section it does not know, an even guess."""
        router = self._snapshot.router
        if router is None:
            return np.zeros(len(rows), dtype=np.float32)
        known = router.log_probabilities(vector)
        of_section = np.array([*known.values(), -math.log(len(known))], dtype=np.float32)
        return of_section[self._routed[self._snapshot.section_of.numbers[rows]]]

    def _words_of_section(self, number: int) -> frozenset[str]:
        if number not in self._headings:
            name = self._snapshot.section_of.names[number]
            self._headings[number] = frozenset(self._snapshot.lexical.content_terms(name))
        return self._headings[number]

    def _name_scores(self, query: Query, rows: Rows) -> dict[str, FloatArray]:
        """How much each passage's page, or its section, is the one that the question names.

        `bare` is 1 for the opening of a page of whose title the question is nothing but words: "what is X?", or "X".
        `heading` is the share of the words of the section's name that the question says.
        """
        snapshot = self._snapshot
        numbers, place = np.unique(snapshot.document_of[rows], return_inverse=True)
        pages = numbers.tolist()
        named, called = self._named(query, pages)
        words = snapshot.lexical.content_terms(query.focus)
        bare = np.array([words <= self._names.terms(page) for page in pages], dtype=bool)
        section_of = snapshot.section_of.numbers[rows]
        opens = bare[place] & self._opens[section_of]
        sections, section = np.unique(section_of, return_inverse=True)
        names = [self._words_of_section(number) for number in sections.tolist()]
        said = np.array([len(name & words) / max(len(name), 1) for name in names], dtype=np.float32)
        return {
            "named": named[place],
            "called": called[place],
            "bare": opens.astype(np.float32),
            "heading": said[section],
        }

    def _named(self, query: Query, pages: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """How far each page is the one that is named, in the two ways of `Names.scores`."""
        said = self._names.scores(query.context, pages)
        if not query.said_before:
            return said
        # A question that names nothing by itself is about what was named before it.
        turned = self._names.scores(query.context[query.said_before :], pages)
        named, called = (
            earlier + TURN_SHARE * (own - earlier) if own.any() else earlier
            for earlier, own in zip(said, turned, strict=True)
        )
        return named, called

    def _allowed(self, filters: Filters | None) -> Rows | None:
        if filters is None or not (filters.doc_ids or filters.sections):
            return None
        keep = np.ones(len(self._snapshot.document_of), dtype=bool)
        if filters.doc_ids:
            keep &= np.isin(self._snapshot.document_of, self._snapshot.store.numbers(filters.doc_ids))
        if filters.sections:
            wanted = {section.casefold() for section in filters.sections}
            keep &= self._snapshot.section_of.where(lambda section: section.casefold() in wanted)
        return np.flatnonzero(keep)


def _weakest(best: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean over the third of the content tokens that match worst, for each column of best (q, n)."""
    content = best[weights >= weights.max() * 0.99]
    third = max(1, len(content) // 3)
    return np.asarray(np.sort(content, axis=0)[:third].mean(axis=0), dtype=np.float32)


def _stacked(context: Encoded, focus: Encoded) -> FloatArray:
    """The tokens of both, compared with the pages in one go; once where they are the same."""
    return context.tokens if focus is context else np.concatenate([context.tokens, focus.tokens])


def _first(scores: FloatArray, count: int) -> Rows:
    """The places of the greatest scores, the greatest first and of equal ones the first."""
    if count >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, -count)[-count]
    places = np.flatnonzero(scores >= least)
    return places[np.argsort(-scores[places], kind="stable")[:count]]


def _greatest(values: FloatArray, starts: Rows) -> FloatArray:
    """The greatest value of each run from starts[i] to starts[i + 1]; minus infinity for an empty one."""
    greatest = np.full(len(starts) - 1, -np.inf, dtype=np.float32)
    filled = np.flatnonzero(np.diff(starts))
    if len(filled):
        greatest[filled] = np.maximum.reduceat(values, starts[filled])
    return greatest
