"""What can be asked gold questions: the protocol, and procqa itself in process.

The baselines stand in baselines.py, a running service in remote.py; opening.py makes any of them by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from procqa import __version__
from procqa.engine import Engine
from procqa.evaluation.gold import GoldItem
from procqa.evaluation.records import PassageRecord, SectionRef, SpanRecord
from procqa.index.snapshot import Snapshot
from procqa.types import Answer, Citation, Document, Hit, Reply

PASSAGES = 10  # retrieved passages that a row keeps, and that the ranking metrics read
MAX_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system did with one question: the fields of a `Row` that are not gold."""

    status: str
    reason: str | None = None
    answer: str = ""
    confidence: float = 0.0
    interpreted_as: SectionRef | None = None
    spans: tuple[SpanRecord, ...] = ()
    answer_pages: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    passages: tuple[PassageRecord, ...] = ()
    timing_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """What a run's header says of its system."""

    name: str
    mode: str  # "in_process" or "url"
    procqa: str
    index_version: str
    embedding_model: str
    documents: int
    passages: int
    model_sha256: str | None = None
    corpus_sha256: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class System(Protocol):
    """Answers questions; called from several threads at once."""

    def info(self) -> SystemInfo:
        """What it is. Raises ProcqaError when it cannot be reached."""

    def ask(self, item: GoldItem) -> Outcome:
        """Answer `item.question` after `item.history`; the labels are not to be read. Any error is the row's."""

    def document(self, doc_id: str) -> Document | None:
        """One of its pages, or None when there is none of that id."""

    def close(self) -> None:
        """Give back what it holds."""


class EngineSystem:
    """procqa, in process; `without` names parts that are left out, to see what each is worth."""

    def __init__(self, snapshot: Snapshot, without: Sequence[str] = ()) -> None:
        self._snapshot = snapshot
        self._without = tuple(without)
        self._engine = Engine(snapshot, without)

    def info(self) -> SystemInfo:
        """What its snapshot says."""
        info = snapshot_info("procqa", self._snapshot)
        return replace(info, settings={**info.settings, "without": list(self._without)}) if self._without else info

    def ask(self, item: GoldItem) -> Outcome:
        """Ask the engine."""
        reply = self._engine.ask(item.question, history=item.history, max_answers=MAX_ANSWERS, passages=PASSAGES)
        return self._outcome(reply)

    def document(self, doc_id: str) -> Document | None:
        """A stored page."""
        return self._engine.document(doc_id)

    def close(self) -> None:
        """Give back file handles."""
        self._engine.close()

    def _outcome(self, reply: Reply) -> Outcome:
        cited = {citation.id: citation for citation in reply.citations}
        first = reply.answers[0] if reply.answers else None
        place = reply.interpreted_as.place if reply.interpreted_as else None
        return Outcome(
            status=str(reply.status),
            reason=str(reply.abstention.reason) if reply.abstention else None,
            answer=first.text if first else "",
            confidence=first.confidence if first else reply.abstention.confidence if reply.abstention else 0.0,
            interpreted_as=SectionRef(place.doc_id, place.section) if place else None,
            spans=tuple(self._span(span.text, cited[span.citation]) for span in first.spans) if first else (),
            answer_pages=tuple(_page(answer, cited) for answer in reply.answers),
            options=tuple(place.doc_id for place in reply.clarification.options) if reply.clarification else (),
            passages=passage_records(reply.hits[:PASSAGES]),
            timing_ms=dict(reply.timing_ms),
        )

    def _span(self, text: str, citation: Citation) -> SpanRecord:
        page = self.document(citation.doc_id)
        return span_record(page, citation.doc_id, citation.section, citation.start, citation.end, text)


def span_record(page: Document | None, doc_id: str, section: str, start: int, end: int, text: str) -> SpanRecord:
    """A cited span, compared with the page it names."""
    verbatim = page is not None and start < end and page.text[start:end] == text
    return SpanRecord(doc_id, section, start, end, text, verbatim)


def passage_records(hits: tuple[Hit, ...]) -> tuple[PassageRecord, ...]:
    """Hits as a row keeps them."""
    return tuple(
        PassageRecord(p.passage_id, p.doc_id, p.section, p.start, p.end, hit.score, hit.text)
        for hit in hits
        for p in (hit.passage,)
    )


def snapshot_info(name: str, snapshot: Snapshot) -> SystemInfo:
    """What a header says of a system that reads a snapshot in process."""
    manifest = snapshot.manifest
    return SystemInfo(
        name=name,
        mode="in_process",
        procqa=__version__,
        index_version=manifest.version,
        embedding_model=manifest.embedding_model,
        documents=manifest.documents,
        passages=manifest.passages,
        model_sha256=manifest.model_sha256,
        corpus_sha256=manifest.corpus_sha256,
        settings={"passage_tokens": manifest.passage_tokens, "passages": PASSAGES, "max_answers": MAX_ANSWERS},
    )


def _page(answer: Answer, cited: Mapping[str, Citation]) -> str:
    return cited[answer.spans[0].citation].doc_id if answer.spans else ""
