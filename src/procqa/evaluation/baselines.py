"""The plain systems that each part of procqa must beat: BM25, dense vectors, and the two fused.

Each ranks passages by its one score and answers with the one line of the top passage that is most like the question.
None abstains unless nothing is found. A follow-up is asked together with its history, which is kind to them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from procqa.evaluation.gold import GoldItem
from procqa.evaluation.intervals import Floats
from procqa.evaluation.records import SectionRef
from procqa.evaluation.systems import PASSAGES, Outcome, SystemInfo, passage_records, snapshot_info, span_record
from procqa.index.dense import Rows
from procqa.index.snapshot import Snapshot
from procqa.types import Document, Hit, Line, Reason, Status

DEPTH = 100  # passages of each ranking that fusion reads
RRF_K = 60  # of Cormack, Clarke and Büttcher (2009)
BM25_HALF = 10.0  # the BM25 score that counts as a confidence of one half


class Ranker(Protocol):
    """Orders passages for a question, chooses a line of the first, and says how sure it is."""

    def rank(self, snapshot: Snapshot, question: str) -> tuple[Rows, Floats]:
        """At most DEPTH rows, best first, with their scores."""

    def line_scores(self, snapshot: Snapshot, question: str, lines: list[str]) -> list[float]:
        """How like the question each line is."""

    def confidence(self, score: float) -> float:
        """The top score in [0, 1], growing with it."""


class Bm25:
    """Words alone."""

    def rank(self, snapshot: Snapshot, question: str) -> tuple[Rows, Floats]:
        """By BM25 over title, heading and body."""
        rows, scores = snapshot.lexical.search(question, DEPTH)
        return rows, scores.astype(np.float64)

    def line_scores(self, snapshot: Snapshot, question: str, lines: list[str]) -> list[float]:
        """The rarity (idf) of the words that question and line share, summed."""
        lexical, passages = snapshot.lexical, snapshot.manifest.passages
        asked = lexical.content_terms(question)
        shared = [sorted(asked.intersection(lexical.terms(line))) for line in lines]
        return [sum(_idf(lexical.frequency(term), passages) for term in terms) for terms in shared]

    def confidence(self, score: float) -> float:
        """BM25 has no upper bound: s / (s + BM25_HALF)."""
        return score / (score + BM25_HALF)


class Dense:
    """Vectors alone."""

    def rank(self, snapshot: Snapshot, question: str) -> tuple[Rows, Floats]:
        """By cosine."""
        rows, scores = snapshot.dense.search(snapshot.encoder.encode_question(question).vector, DEPTH)
        return rows, scores.astype(np.float64)

    def line_scores(self, snapshot: Snapshot, question: str, lines: list[str]) -> list[float]:
        """Cosine of line and question."""
        asked = snapshot.encoder.encode_question(question).vector
        return [float(line.vector @ asked) for line in snapshot.encoder.encode_documents(lines)]

    def confidence(self, score: float) -> float:
        """The cosine, clipped."""
        return min(max(score, 0.0), 1.0)


class Fusion(Dense):
    """Reciprocal rank fusion of both; the line is chosen as Dense does."""

    def rank(self, snapshot: Snapshot, question: str) -> tuple[Rows, Floats]:
        """By the sum of 1 / (RRF_K + rank) over the two rankings; equal scores by row."""
        fused: dict[int, float] = {}
        for ranker in (Bm25(), Dense()):
            for rank, row in enumerate(ranker.rank(snapshot, question)[0].tolist(), 1):
                fused[row] = fused.get(row, 0.0) + 1 / (RRF_K + rank)
        ordered = sorted(fused, key=lambda row: (-fused[row], row))[:DEPTH]
        return np.array(ordered, dtype=np.int64), np.array([fused[row] for row in ordered], dtype=np.float64)

    def confidence(self, score: float) -> float:
        """As a share of the score of a passage that both put first."""
        return min(score * (RRF_K + 1) / 2, 1.0)


BASELINES: Mapping[str, Callable[[], Ranker]] = {"bm25": Bm25, "dense": Dense, "fusion": Fusion}


@dataclass(frozen=True, slots=True)
class Baseline:
    """A ranker over a snapshot, as a system."""

    name: str
    ranker: Ranker
    snapshot: Snapshot

    def info(self) -> SystemInfo:
        """What its snapshot says."""
        return snapshot_info(self.name, self.snapshot)

    def document(self, doc_id: str) -> Document | None:
        """A stored page."""
        return self.snapshot.store.document(doc_id)

    def close(self) -> None:
        """Give back file handles."""
        self.snapshot.close()

    def ask(self, item: GoldItem) -> Outcome:
        """Answer with one line of the passage ranked first."""
        began = time.perf_counter()
        question = " ".join([*item.history, item.question])
        rows, scores = self.ranker.rank(self.snapshot, question)
        if len(rows) == 0:
            return Outcome(str(Status.ABSTAINED), reason=str(Reason.NO_RELEVANT_CONTENT))
        store = self.snapshot.store
        passages = store.passages(rows[:PASSAGES])
        hits = tuple(Hit(p, store.text(p), float(score)) for p, score in zip(passages, scores, strict=False))
        top = hits[0].passage
        line = self._line(question, hits[0])
        words = hits[0].text[line.start - top.start : line.end - top.start]
        span = span_record(self.document(top.doc_id), top.doc_id, top.section, line.start, line.end, words)
        return Outcome(
            status=str(Status.ANSWERED),
            answer=words,
            confidence=self.ranker.confidence(float(scores[0])),
            interpreted_as=SectionRef(top.doc_id, top.section),
            spans=(span,),
            answer_pages=(top.doc_id,),
            passages=passage_records(hits),
            timing_ms={"total": round((time.perf_counter() - began) * 1000, 3)},
        )

    def _line(self, question: str, hit: Hit) -> Line:
        """The line of a passage most like the question; the first of equals."""
        lines = hit.passage.lines
        words = [hit.text[line.start - hit.passage.start : line.end - hit.passage.start] for line in lines]
        scores = self.ranker.line_scores(self.snapshot, question, words)
        return lines[max(range(len(lines)), key=lambda place: (scores[place], -place))]


def _idf(frequency: int, passages: int) -> float:
    """Robertson's inverse document frequency, kept above 0 as Lucene does."""
    return math.log1p((passages - frequency + 0.5) / (frequency + 0.5))
