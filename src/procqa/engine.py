"""The one public object: holds a snapshot, answers questions. Every door goes through it."""

from __future__ import annotations

import itertools
import time
import unicodedata
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

from procqa.answering.choose import Chosen, SectionLine, choose_lines
from procqa.answering.citations import cite
from procqa.answering.decide import Evidence, confidence, refusal
from procqa.embedding import Encoder
from procqa.errors import QuestionError
from procqa.index.snapshot import Snapshot
from procqa.passages import count_tiktoken
from procqa.retrieval import Found, Retriever, ScoredLine
from procqa.types import (
    Abstention,
    Document,
    Filters,
    Hit,
    IndexInfo,
    Interpretation,
    Place,
    Reason,
    Reply,
    Status,
)

T = TypeVar("T")

LONGEST_QUESTION = 4000
HITS = 40  # passages looked at for words and for the margin over other pages
MESSAGES: Mapping[Reason, str] = {
    Reason.NO_RELEVANT_CONTENT: "Nothing in these pages answers this question.",
    Reason.LOW_CONFIDENCE: "These pages may touch on this, but no passage clearly answers it.",
    Reason.UNKNOWN_PROCEDURE: "The procedure asked about is not in these pages.",
    Reason.SECTION_MISSING: "The page for this procedure does not say this.",
    Reason.NOT_A_QUESTION: "This does not read as a question.",
}


class Engine:
    """Answers questions from one snapshot; safe to call from several threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._retriever = Retriever(snapshot)

    @classmethod
    def open(cls, index: Path, *, encoder: Encoder | None = None, threads: int = 0) -> Self:
        """Open the current snapshot of an index folder. Raises SnapshotError."""
        return cls(Snapshot.open(index, encoder, threads))

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

    def document(self, doc_id: str) -> Document | None:
        """One page, or None when there is none of that id."""
        return self._snapshot.store.document(doc_id)

    def search(
        self, question: str, *, filters: Filters | None = None, top_k: int = 10, max_tokens: int | None = None
    ) -> list[Hit]:
        """The best passages. With `max_tokens`, best first as many as fit a budget in tiktoken (cl100k) tokens."""
        hits = self._retriever.hits(self._retriever.search(_checked(question), filters), top_k)
        if max_tokens is None:
            return hits
        packed, used = [], 0
        for hit in hits:
            used += count_tiktoken(hit.text)
            if used > max_tokens:
                break
            packed.append(hit)
        return packed

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
        question = _checked(question)
        asked = " ".join([*history, question])
        if not any(character.isalpha() for character in question):
            return self._abstain(question, Reason.NOT_A_QUESTION, 0.0, (), (), clock)
        found = clock.time("retrieval", lambda: self._retriever.search(asked, filters))
        hits = tuple(self._retriever.hits(found, max(passages, HITS)))
        if not hits:
            return self._abstain(question, Reason.NO_RELEVANT_CONTENT, 0.0, (), (), clock)
        evidence = self._evidence(asked, hits)
        probability = confidence(evidence)
        reason = refusal(evidence, probability)
        if reason is not None:
            return self._abstain(question, reason, round(probability, 4), _places(hits), hits[:passages], clock)
        chosen = clock.time("answering", lambda: self._choose(question, found, hits, max_answers, probability))
        documents = {item.doc_id: self._known(item.doc_id) for item in chosen}
        answers, citations = cite(chosen, documents)
        best = hits[0].passage
        return Reply(
            id=uuid.uuid4().hex,
            status=Status.ANSWERED,
            question=question,
            interpreted_as=Interpretation(question, Place(best.doc_id, best.title, best.section), bool(history)),
            answers=answers,
            citations=citations,
            abstention=None,
            clarification=None,
            hits=hits[:passages],
            index=self.info,
            timing_ms=clock.read(),
        )

    def _choose(self, question: str, found: Found, hits: Sequence[Hit], limit: int, probability: float) -> list[Chosen]:
        """The best words of the best sections of the best passage's page: never of another page."""
        doc_id = hits[0].passage.doc_id
        sections: dict[str, list[SectionLine]] = {}
        for hit, lines in zip(hits, found.lines, strict=False):
            if hit.passage.doc_id == doc_id:
                sections.setdefault(hit.passage.section, []).extend(_section_lines(hit, lines))
        chosen = []
        for place, (section, of_section) in enumerate(itertools.islice(sections.items(), limit)):
            words = choose_lines(question, sorted(of_section, key=lambda item: item.line.start))
            chosen.append(Chosen(doc_id, section, words, round(probability / (place + 1), 4)))
        return chosen

    def _evidence(self, question: str, hits: Sequence[Hit]) -> Evidence:
        best = hits[0]
        others = [hit.score for hit in hits if hit.passage.doc_id != best.passage.doc_id]
        document = self._known(best.passage.doc_id)
        lexical = self._snapshot.lexical
        words = lexical.content_terms(question)
        held = words & set(lexical.terms(f"{document.title} {document.text}"))
        return Evidence(
            dense=best.signals["dense"],
            title=best.signals["title"],
            margin=best.score - max(others) if others else 0.0,
            explained=len(held) / len(words) if words else 0.0,
        )

    def _abstain(
        self,
        question: str,
        reason: Reason,
        probability: float,
        nearest: tuple[Place, ...],
        hits: tuple[Hit, ...],
        clock: _Clock,
    ) -> Reply:
        return Reply(
            id=uuid.uuid4().hex,
            status=Status.ABSTAINED,
            question=question,
            interpreted_as=None,
            answers=(),
            citations=(),
            abstention=Abstention(reason, MESSAGES[reason], nearest, probability),
            clarification=None,
            hits=hits,
            index=self.info,
            timing_ms=clock.read(),
        )

    def _known(self, doc_id: str) -> Document:
        document = self._snapshot.store.document(doc_id)
        assert document is not None, "a hit names a stored page"
        return document


class _Clock:
    """Milliseconds of each stage and in total."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._stages: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        try:
            return work()
        finally:
            self._stages[stage] = (time.perf_counter() - began) * 1000

    def read(self) -> dict[str, float]:
        total = (time.perf_counter() - self._began) * 1000
        return {name: round(value, 3) for name, value in {"total": total, **self._stages}.items()}


def _checked(question: str) -> str:
    text = unicodedata.normalize("NFC", question).strip()
    if not text:
        raise QuestionError("The question is empty; ask something.")
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(f"The question has {len(text)} characters; at most {LONGEST_QUESTION} are read.")
    return text


def _section_lines(hit: Hit, lines: Sequence[ScoredLine]) -> list[SectionLine]:
    passage = hit.passage
    return [
        SectionLine(line, hit.text[line.start - passage.start : line.end - passage.start], scored.score)
        for scored in lines
        for line in (passage.lines[scored.number],)
    ]


def _places(hits: Sequence[Hit], limit: int = 3) -> tuple[Place, ...]:
    """The first distinct sections of some hits."""
    places = dict.fromkeys(Place(hit.passage.doc_id, hit.passage.title, hit.passage.section) for hit in hits)
    return tuple(places)[:limit]
