"""Which pages a question is compared with: those that dense vectors, BM25 and titles propose, in turn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.index.snapshot import Snapshot
from procqa.types import Filters

DENSE_POOL, LEXICAL_POOL, TITLE_POOL = 200, 100, 10
# Pages and passages that are compared token by token, and pages among which words of names tell.
PAGE_POOL, PASSAGE_POOL, NAME_POOL = 96, 1600, 192


class Proposed(NamedTuple):
    """The passages of the proposed pages, by row, the BM25 score of each (0 to 1, best is 1), and the next pages."""

    rows: Rows
    bm25: FloatArray
    others: Sequence[int]


class Pool:
    """Proposes passages of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        # Passages are stored document by document: those of page p are first_of[p] to first_of[p + 1].
        self._first_of = np.searchsorted(snapshot.document_of, np.arange(snapshot.manifest.documents + 1))

    def propose(self, question: str, vector: FloatArray, titles: FloatArray, filters: Filters | None) -> Proposed:
        """The passages to compare with a question, its vector and the cosines of all titles with that.

        All of the proposed pages, unless they are too many: then those that were found themselves come first.
        """
        snapshot, allowed = self._snapshot, self._allowed(filters)
        if allowed is not None and not len(allowed):
            return Proposed(allowed, np.zeros(0, dtype=np.float32), [])
        dense_rows, _ = snapshot.dense.search(vector, DENSE_POOL, allowed)
        lexical_rows, lexical_scores = snapshot.lexical.search(question, LEXICAL_POOL, allowed)
        if len(lexical_scores):
            lexical_scores = lexical_scores / lexical_scores.max()
        pages = self._proposed(dense_rows, lexical_rows, titles)
        rows = np.concatenate([self._passages_of(page) for page in pages[:PAGE_POOL]])
        if allowed is not None:
            rows = rows[np.isin(rows, allowed)]
        if len(rows) > PASSAGE_POOL:
            found = np.concatenate([dense_rows, lexical_rows])
            rows = np.concatenate([found[np.isin(found, rows)], rows])
            rows = rows[np.sort(np.unique(rows, return_index=True)[1])[:PASSAGE_POOL]]
        rows = np.sort(rows)
        bm25 = np.zeros(len(rows), dtype=np.float32)
        known = np.isin(lexical_rows, rows)
        bm25[np.searchsorted(rows, lexical_rows[known])] = lexical_scores[known]
        return Proposed(rows, bm25, pages[PAGE_POOL:])

    def _proposed(self, dense_rows: Rows, lexical_rows: Rows, titles: FloatArray) -> list[int]:
        """Pages in turn from the dense ranking, the BM25 ranking and the titles, each once."""
        rankings = (
            dict.fromkeys(self._snapshot.document_of[dense_rows].tolist()),
            dict.fromkeys(self._snapshot.document_of[lexical_rows].tolist()),
            dict.fromkeys(_first(titles, TITLE_POOL).tolist()),
        )
        turns = itertools.chain.from_iterable(itertools.zip_longest(*rankings))
        return [page for page in dict.fromkeys(turns) if page is not None][:NAME_POOL]

    def _passages_of(self, page: int) -> Rows:
        return np.arange(self._first_of[page], self._first_of[page + 1])

    def _allowed(self, filters: Filters | None) -> Rows | None:
        if filters is None or not (filters.doc_ids or filters.sections or filters.without):
            return None
        keep = np.ones(len(self._snapshot.document_of), dtype=bool)
        if filters.doc_ids:
            keep &= np.isin(self._snapshot.document_of, self._snapshot.store.numbers(filters.doc_ids))
        if filters.without:
            keep &= ~np.isin(self._snapshot.document_of, self._snapshot.store.numbers(filters.without))
        if filters.sections:
            wanted = {section.casefold() for section in filters.sections}
            keep &= self._snapshot.section_of.where(lambda section: section.casefold() in wanted)
        return np.flatnonzero(keep)


def _first(scores: FloatArray, count: int) -> Rows:
    """The places of the greatest scores, the greatest first and of equal ones the first."""
    if count >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, -count)[-count]
    places = np.flatnonzero(scores >= least)
    return places[np.argsort(-scores[places], kind="stable")[:count]]
