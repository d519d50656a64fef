"""The nouns of procqa: plain frozen values that every other module passes around.

Offsets are half-open and count Unicode code points of `Document.text`. One law holds for everything that has
them: `document.text[x.start:x.end]` is the text of x, character for character.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of a page; the offsets bound its body, without the heading and outer white space.

    `name` is the canonical section, or the page's own heading where there is none; `heading` is what the page says.
    """

    name: str
    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One page. `doc_id` is the path below the corpus without its extension, with `/` between folders."""

    doc_id: str
    title: str
    text: str
    sections: tuple[Section, ...]
    sha256: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A page without its text; `sections` are the names of its sections, in page order."""

    doc_id: str
    title: str
    sha256: str
    sections: tuple[str, ...]
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or a list item: the smallest unit that an answer quotes. An item excludes its bullet.

    Sentences of one paragraph or of one item share the number `block`, counted in their section.
    """

    start: int
    end: int
    block: int
    is_item: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is embedded and found: a section, or a run of whole lines of a long one.

    `passage_id` is readable and unique in a snapshot, but not promised to outlive a change of splitting.
    """

    passage_id: str
    doc_id: str
    title: str
    section: str
    heading: str
    start: int
    end: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question. `score` orders hits (higher is better); `signals` are its parts by name."""

    passage: Passage
    text: str
    score: float
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """Where quoted words stand: `document.text[start:end] == exact`."""

    id: str
    doc_id: str
    title: str
    section: str
    start: int
    end: int
    utf16: tuple[int, int]
    exact: str
    prefix: str
    suffix: str
    doc_sha256: str


@dataclass(frozen=True, slots=True)
class Span:
    """Verbatim words of an answer and the id of the citation that holds them."""

    text: str
    citation: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: verbatim spans in page order, and the calibrated probability that it is right."""

    spans: tuple[Span, ...]
    confidence: float

    @property
    def text(self) -> str:
        """The spans, one a line."""
        return "\n".join(span.text for span in self.spans)


class Status(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"
    NEEDS_CLARIFICATION = "needs_clarification"


class Reason(StrEnum):
    """Why there is no answer."""

    NO_RELEVANT_CONTENT = "no_relevant_content"
    LOW_CONFIDENCE = "low_confidence"
    UNKNOWN_PROCEDURE = "unknown_procedure"
    SECTION_MISSING = "section_missing"
    NOT_A_QUESTION = "not_a_question"


@dataclass(frozen=True, slots=True)
class Place:
    """A section of a page, or (with an empty section) the page."""

    doc_id: str
    title: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the question was taken to ask, and whether the procedure came from earlier questions."""

    question: str
    place: Place
    from_history: bool


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why there is no answer, in a word and in a sentence, and the sections that come nearest.

    `confidence` is the probability that the best answer, which was held back, would have been right.
    """

    reason: Reason
    message: str
    nearest: tuple[Place, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Clarification:
    """Several procedures fit equally well: which one is meant?"""

    message: str
    options: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """Search only these documents and sections, where an empty tuple means any, and none of the documents `without`."""

    doc_ids: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What a reader of an answer needs to know of the snapshot it came from."""

    version: str
    built_at: str
    documents: int
    passages: int
    embedding_model: str


@dataclass(frozen=True, slots=True)
class Reply:
    """All that one question gets back; the fields of the HTTP answer."""

    id: str
    status: Status
    question: str
    interpreted_as: Interpretation | None
    answers: tuple[Answer, ...]
    citations: tuple[Citation, ...]
    abstention: Abstention | None
    clarification: Clarification | None
    hits: tuple[Hit, ...]
    index: IndexInfo
    timing_ms: Mapping[str, float]
