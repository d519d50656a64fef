"""Search in two steps: a pool of pages that dense vectors, BM25 and titles propose, then late interaction within them.

Plain fusion of a dense and a BM25 ranking loses to the dense one alone on pages told in sections: words find the right
page and the wrong section. So the pool only proposes pages. Each line of these is then compared with the question
token by token, and gets one weighted sum in which the whole page, its title and the passage's vector also speak.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.index.snapshot import Snapshot
from procqa.retrieval.interaction import compare_lines, token_weights
from procqa.types import Filters, Hit

DENSE_POOL, LEXICAL_POOL, TITLE_POOL = 200, 100, 10
# Pages and passages that are compared token by token.
PAGE_POOL, PASSAGE_POOL = 24, 400
WEIGHTS: Mapping[str, float] = {"line": 1.0, "page": 0.5, "title": 0.1, "dense": 0.2, "bm25": 0.0}


@dataclass(frozen=True, slots=True)
class ScoredLine:
    """A line of a passage and how well it fits the question."""

    number: int  # of the line in its passage
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """Passages for a question, best first: `scores[i]` and `signals[name][i]` belong to passage `rows[i]`.

    `lines[i]` are the lines of passage i with their scores, in page order.
    """

    rows: Rows
    scores: FloatArray
    signals: Mapping[str, FloatArray]
    lines: tuple[tuple[ScoredLine, ...], ...]

    def __len__(self) -> int:
        return len(self.rows)


class Retriever:
    """Searches one snapshot."""

    def __init__(self, snapshot: Snapshot, weights: Mapping[str, float] = WEIGHTS) -> None:
        self._snapshot = snapshot
        self._weights = weights
        self._passages_of = _group(snapshot.document_of, snapshot.manifest.documents)
        self._doc_numbers = {doc_id: row for row, (doc_id, _, _) in enumerate(snapshot.store.titles())}

    def search(self, question: str, filters: Filters | None = None) -> Found:
        """The passages of the pages that fit best, best first; scores do not depend on how many are looked at."""
        encoded = self._snapshot.encoder.encode_question(question)
        allowed = self._allowed(filters)
        rows, bm25 = self._pool(question, encoded.vector, allowed)
        if not len(rows) or not len(encoded.tokens):
            return Found(np.zeros(0, np.int64), np.zeros(0, np.float32), {}, ())
        return self._rank(question, encoded, rows, bm25)

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

    def _pool(self, question: str, vector: FloatArray, allowed: Rows | None) -> tuple[Rows, FloatArray]:
        """All passages of the proposed pages, by row, and the BM25 score of each (0 to 1, best is 1)."""
        snapshot = self._snapshot
        if allowed is not None and not len(allowed):
            return allowed, np.zeros(0, dtype=np.float32)
        dense_rows, _ = snapshot.dense.search(vector, DENSE_POOL, allowed)
        lexical_rows, lexical_scores = snapshot.lexical.search(question, LEXICAL_POOL, allowed)
        if len(lexical_scores):
            lexical_scores = lexical_scores / lexical_scores.max()
        titles = snapshot.titles @ vector
        pages = self._proposed(dense_rows, lexical_rows, titles)
        rows = np.concatenate([self._passages_of[page] for page in pages])
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
            dict.fromkeys(np.argsort(-titles, kind="stable")[:TITLE_POOL].tolist()),
        )
        turns = itertools.chain.from_iterable(itertools.zip_longest(*rankings))
        return [page for page in dict.fromkeys(turns) if page is not None][:PAGE_POOL]

    def _rank(self, question: str, encoded: Encoded, rows: Rows, bm25: FloatArray) -> Found:
        snapshot = self._snapshot
        similar = compare_lines(encoded.tokens, snapshot.tokens.gather(rows))
        weights = token_weights(question, encoded)
        documents = snapshot.document_of[rows]
        # Rows are in the order of their pages, so each page's lines stand together.
        page_of_line = documents[similar.passages]
        first_of_page = np.flatnonzero(np.diff(page_of_line, prepend=-1))
        page_scores = weights @ np.maximum.reduceat(similar.best, first_of_page, axis=1)
        pages = page_of_line[first_of_page]
        of_passage = {
            "page": page_scores[np.searchsorted(pages, documents)],
            "title": (snapshot.titles @ encoded.vector)[documents],
            "dense": snapshot.dense.vectors(rows) @ encoded.vector,
            "bm25": bm25,
        }
        context = sum(
            (self._weights[name] * values for name, values in of_passage.items()), np.zeros(len(rows), np.float32)
        )
        line_scores = weights @ similar.best
        line_totals = self._weights["line"] * line_scores + context[similar.passages]
        signals = {**of_passage, "line": _greatest(line_scores, similar.passages, len(rows))}
        totals = _greatest(line_totals, similar.passages, len(rows))
        order = np.lexsort((rows, -totals))
        order = order[np.isfinite(totals[order])]  # a passage of characters that the encoder drops has no lines
        starts = np.searchsorted(similar.passages, np.arange(len(rows) + 1))
        scored = [
            tuple(
                ScoredLine(int(number), float(score))
                for number, score in zip(similar.lines[a:b], line_totals[a:b], strict=True)
            )
            for a, b in itertools.pairwise(starts)
        ]
        return Found(
            rows[order],
            totals[order].astype(np.float32),
            {name: values[order] for name, values in signals.items()},
            tuple(scored[place] for place in order),
        )

    def _allowed(self, filters: Filters | None) -> Rows | None:
        if filters is None or not (filters.doc_ids or filters.sections):
            return None
        keep = np.ones(len(self._snapshot.document_of), dtype=bool)
        if filters.doc_ids:
            numbers = [self._doc_numbers[doc_id] for doc_id in filters.doc_ids if doc_id in self._doc_numbers]
            keep &= np.isin(self._snapshot.document_of, numbers)
        if filters.sections:
            wanted = {section.casefold() for section in filters.sections}
            keep &= np.array([section.casefold() in wanted for section in self._snapshot.section_of])
        return np.flatnonzero(keep)


def _greatest(values: FloatArray, groups: Rows, count: int) -> FloatArray:
    """The greatest value of each group 0 to count - 1; minus infinity for an empty one."""
    greatest = np.full(count, -np.inf, dtype=np.float32)
    np.maximum.at(greatest, groups, values)
    return greatest


def _group(document_of: Rows, documents: int) -> list[Rows]:
    """The passages of each document; passages are stored document by document."""
    borders = np.searchsorted(document_of, np.arange(documents + 1))
    return [np.arange(first, last) for first, last in itertools.pairwise(borders)]
