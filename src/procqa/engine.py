"""The one public object: holds a snapshot, answers questions. Every door goes through it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from procqa.answering.choose import choose_lines, one_line
from procqa.answering.citations import cite
from procqa.answering.compose import Composer, Pieces
from procqa.answering.confidence import UNREAD, Calibration, Evidence
from procqa.answering.decide import ALIKE_TITLES, MESSAGES, WHICH_ONE, refusal
from procqa.answering.draft import Drafter
from procqa.asked import all_checked, checked
from procqa.embedding import Encoder
from procqa.index.snapshot import Snapshot
from procqa.retrieval import WEIGHTS, Found, Retriever, asks_without, owes_history, pack
from procqa.threads import one_thread_a_product
from procqa.types import (
    Abstention,
    Clarification,
    Document,
    DocumentSummary,
    Filters,
    Hit,
    IndexInfo,
    Interpretation,
    Place,
    Reason,
    Reply,
    Status,
)

# Passages that a search gives when it is not told how many, and at most.
HITS, MOST_HITS = 10, 50
# What an engine can do without, to see what it is worth, beside the parts of a passage's score: whole lists, clauses of
# sentences, several questions in one message, questions across pages, earlier questions, mending misspelt words, and
# telling which words of a question tell.
PARTS = ("lists", "clauses", "several", "across", "history", "spelling", "telling")
# The sections named when there is no answer, from so many of the best passages.
NEAREST, NEAREST_PASSAGES = 3, 10


class Engine:
    """Answers questions from one snapshot; safe to call from several threads."""

    def __init__(self, snapshot: Snapshot, without: Collection[str] = ()) -> None:
        """Ablations go `without` some of PARTS, or of the parts of a passage's score."""
        self._snapshot = snapshot
        weights = {name: 0.0 if name in without else weight for name, weight in WEIGHTS.items()}
        self._retriever = Retriever(snapshot, weights, mends="spelling" not in without, tells="telling" not in without)
        chooser = one_line if "lists" in without else choose_lines
        drafter = Drafter(snapshot, chooser, narrow="clauses" not in without)
        self._composer = Composer(self._retriever, drafter, without)
        self._forgetful = "history" in without
        self._calibration = Calibration.load(snapshot.index, self.model)
        one_thread_a_product()

    @classmethod
    def open(cls, index: Path, *, encoder: Encoder | None = None, threads: int = 0, read: bool = True) -> Self:
        """Open the current snapshot of an index folder; without `read` it answers faster and less well.

        Raises SnapshotError.
        """
        return cls(Snapshot.open(index, encoder, threads, read=read))

    @property
    def info(self) -> IndexInfo:
        """The snapshot's version, counts and model."""
        return self._snapshot.info

    def close(self) -> None:
        """Give back file handles."""
        self._snapshot.close()

    def documents(self, after: str = "", limit: int = 100) -> list[Document]:
        """Up to `limit` pages in the order of their doc_id, those after `after`."""
        return self._snapshot.store.documents(after, limit)

    def summaries(self, after: str = "", limit: int = 100) -> list[DocumentSummary]:
        """As `documents`, without reading any text."""
        return self._snapshot.store.summaries(after, limit)

    def document(self, doc_id: str) -> Document | None:
        """One page, or None when there is none of that id."""
        return self._snapshot.store.document(doc_id)

    def titles(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(doc_id, title, metadata) of every page, without reading their texts."""
        return self._snapshot.store.titles()

    def alike(self, doc_id: str, limit: int = 5) -> list[Place]:
        """The pages whose titles are so near to this page's that one may be taken for the other, nearest first."""
        pages = self.titles()
        own = next((number for number, page in enumerate(pages) if page[0] == doc_id), None)
        if own is None:
            return []
        cosines = self._snapshot.titles @ self._snapshot.titles[own]
        near = [number for number in np.argsort(-cosines, kind="stable").tolist() if number != own]
        return [Place(*pages[number][:2]) for number in near[:limit] if cosines[number] >= ALIKE_TITLES]

    def search(
        self, question: str, *, filters: Filters | None = None, top_k: int | None = None, max_tokens: int | None = None
    ) -> list[Hit]:
        """The best `top_k` passages; with `max_tokens`, those of them that fit a budget of tiktoken (cl100k) tokens.

        Without `top_k`, HITS passages, or with `max_tokens` all that fit, up to MOST_HITS.
        """
        wanted = top_k or (HITS if max_tokens is None else MOST_HITS)
        hits = self._retriever.hits(self._retriever.search(self._retriever.read(checked(question)), filters), wanted)
        return hits if max_tokens is None else pack(hits, max_tokens)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        filters: Filters | None = None,
        max_answers: int = 3,
        passages: int = 0,
    ) -> Reply:
        """Answer in the words of the pages, or say why not. `history` is earlier questions, oldest first.

        Raises QuestionError for an empty or overlong question.
        """
        clock = _Clock()
        question = checked(question)
        history = () if self._forgetful else all_checked(history)
        query = self._retriever.read(question, history, filters)
        if not any(character.isalnum() for character in question):
            return self._abstain(question, Reason.NOT_A_QUESTION, 0.0, (), clock)
        with clock.stage("retrieval"):
            found = self._retriever.search(query, filters)
        hits = tuple(self._retriever.hits(found, passages))
        if not len(found):
            return self._abstain(question, Reason.NO_RELEVANT_CONTENT, 0.0, hits, clock)
        with clock.stage("answering"):
            subject = self._composer.subject(query, found)
            judged = self._calibration.judged(subject.evidence)
        if subject.across and asks_without(query.focus):  # words that fit well say the opposite
            return self._abstain(question, Reason.LOW_CONFIDENCE, 0.0, hits, clock, self._nearest(found))
        asks_back = len(subject.options) > 1
        if not self._calibration.answers(judged, asks_back=asks_back):
            reason = refusal(subject.evidence, judged, alone=not asks_back)
            return self._abstain(question, reason, judged.confidence, hits, clock, self._nearest(found))
        with clock.stage("answering"):
            chosen = self._composer.answers(query, found, subject, filters, round(judged.confidence, 4), max_answers)
            answers, citations = cite(chosen, {p.doc_id: self._known(p.doc_id) for pieces in chosen for p in pieces})
        best, unsure = self._place(found, 0), subject.options if asks_back else ()
        return Reply(
            id=uuid.uuid4().hex,
            status=Status.NEEDS_CLARIFICATION if unsure else Status.ANSWERED,
            question=question,
            interpreted_as=Interpretation(query.focus, best, owes_history(query, found, filters)),
            answers=answers,
            citations=citations,
            abstention=None,
            clarification=Clarification(WHICH_ONE, self._pages(found, unsure)) if unsure else None,
            hits=hits,
            index=self.info,
            timing_ms=clock.read(),
        )

    def examine(
        self, question: str, history: Sequence[str] = (), without: Sequence[str] = ()
    ) -> tuple[Evidence, Pieces] | None:
        """The evidence and the words of the best answer, whether it would be given or not; what calibration reads.

        With the pages `without` left out, as if they were not there.
        """
        query = self._retriever.read(checked(question), all_checked(history))
        filters = Filters(without=tuple(without))
        found = self._retriever.search(query, filters)
        if not len(found):
            return None
        subject = self._composer.subject(query, found)
        return subject.evidence, self._composer.answers(query, found, subject, filters, 0.0, 1)[0]

    @property
    def model(self) -> str:
        """The identity of the models that are used, which a calibration is good for."""
        return self._snapshot.manifest.model_sha256 + (UNREAD if self._snapshot.unread else "")

    def _abstain(
        self,
        question: str,
        reason: Reason,
        probability: float,
        hits: tuple[Hit, ...],
        clock: _Clock,
        nearest: tuple[Place, ...] = (),
    ) -> Reply:
        return Reply(
            id=uuid.uuid4().hex,
            status=Status.ABSTAINED,
            question=question,
            interpreted_as=None,
            answers=(),
            citations=(),
            abstention=Abstention(reason, MESSAGES[reason], nearest, round(probability, 4)),
            clarification=None,
            hits=hits,
            index=self.info,
            timing_ms=clock.read(),
        )

    def _place(self, found: Found, place: int) -> Place:
        (passage,) = self._snapshot.store.passages(found.rows[place : place + 1])
        return Place(passage.doc_id, passage.title, passage.section)

    def _pages(self, found: Found, places: Sequence[int]) -> tuple[Place, ...]:
        return tuple(replace(self._place(found, place), section="") for place in places)

    def _nearest(self, found: Found) -> tuple[Place, ...]:
        """The first distinct sections found."""
        passages = self._snapshot.store.passages(found.rows[:NEAREST_PASSAGES])
        return tuple(dict.fromkeys(Place(p.doc_id, p.title, p.section) for p in passages))[:NEAREST]

    def _known(self, doc_id: str) -> Document:
        document = self._snapshot.store.document(doc_id)
        assert document is not None, "a hit names a stored page"
        return document


class _Clock:
    """Milliseconds of each stage and in total."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._stages[name] = self._stages.get(name, 0.0) + (time.perf_counter() - began) * 1000

    def read(self) -> dict[str, float]:
        total = (time.perf_counter() - self._began) * 1000
        return {name: round(value, 3) for name, value in {"total": total, **self._stages}.items()}
