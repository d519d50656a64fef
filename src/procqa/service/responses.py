"""What clients get: the JSON objects of the contract, and how each is made from the engine's values.

Only pydantic is needed here, so that other doors can print the same objects without loading the web framework.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from procqa.passages import count_tiktoken
from procqa.service.examples import ANSWERED, FOUND, INDEX
from procqa.service.links import citation_url
from procqa.types import Citation, Hit, IndexInfo, Reason, Reply, Status


class Body(BaseModel):
    """A response, or a part of one; fields of the same name are read from the engine's values."""

    model_config = ConfigDict(from_attributes=True)


class SpanBody(Body):
    """Verbatim words of an answer, and the id of the citation that holds them."""

    text: str
    citation: str


class AnswerBody(Body):
    """One answer; `text` is its spans joined by newlines, `confidence` the calibrated probability that it is right.

    Where the procedure is asked back about, it is that probability if this page is the one meant. Of a second and third
    answer it is the first one's divided by 2 and 3, which orders them and is not calibrated.
    """

    text: str
    confidence: float
    spans: list[SpanBody]


class QuoteBody(Body):
    """The quoted words and what stands around them, as in the W3C text quote selector."""

    exact: str
    prefix: str
    suffix: str


class CitationBody(Body):
    """Where quoted words stand.

    `start` and `end` count code points of the page's `text`; `utf16` is the same place in JavaScript's units.
    """

    id: str
    doc_id: str
    title: str
    section: str
    start: int
    end: int
    utf16: tuple[int, int]
    quote: QuoteBody
    url: str
    doc_sha256: str

    @classmethod
    def of(cls, citation: Citation) -> Self:
        """The JSON of a citation, with the link that opens it."""
        return cls(
            id=citation.id,
            doc_id=citation.doc_id,
            title=citation.title,
            section=citation.section,
            start=citation.start,
            end=citation.end,
            utf16=citation.utf16,
            quote=QuoteBody.model_validate(citation),
            url=citation_url(citation.doc_id, citation.start, citation.end),
            doc_sha256=citation.doc_sha256,
        )


class PageBody(Body):
    """A page that may be meant."""

    doc_id: str
    title: str


class PlaceBody(PageBody):
    """A section of a page."""

    section: str


class InterpretationBody(PlaceBody):
    """What the question was taken to ask; `from_history` tells that an earlier question named the procedure."""

    question: str
    from_history: bool


class AbstentionBody(Body):
    """Why there is no answer, and the sections that come nearest."""

    reason: Reason
    message: str
    nearest: list[PlaceBody]
    confidence: float


class ClarificationBody(Body):
    """Several procedures fit equally well: which one is meant?"""

    message: str
    options: list[PageBody]


class PassageBody(PlaceBody):
    """A found passage; `start` and `end` count code points of the page's `text`, and a higher score is better."""

    passage_id: str
    text: str
    start: int
    end: int
    score: float

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """The JSON of a hit: its passage, words and score side by side."""
        passage = hit.passage
        return cls(
            passage_id=passage.passage_id,
            doc_id=passage.doc_id,
            title=passage.title,
            section=passage.section,
            text=hit.text,
            start=passage.start,
            end=passage.end,
            score=hit.score,
        )


class IndexBody(Body):
    """The index that the answer came from."""

    model_config = ConfigDict(json_schema_extra={"examples": [INDEX]})

    version: str
    built_at: str
    documents: int
    passages: int
    embedding_model: str


class AskResponse(Body):
    """All that a question gets back."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWERED]})

    id: str
    status: Status
    question: str
    interpreted_as: InterpretationBody | None
    answers: list[AnswerBody] = Field(description="Best first.")
    citations: list[CitationBody]
    abstention: AbstentionBody | None
    clarification: ClarificationBody | None
    passages: list[PassageBody]
    index: IndexBody
    timing_ms: dict[str, float]

    @classmethod
    def of(cls, reply: Reply) -> Self:
        """The JSON of a reply."""
        return cls(
            id=reply.id,
            status=reply.status,
            question=reply.question,
            interpreted_as=_interpretation(reply),
            answers=[AnswerBody.model_validate(answer) for answer in reply.answers],
            citations=[CitationBody.of(citation) for citation in reply.citations],
            abstention=AbstentionBody.model_validate(reply.abstention) if reply.abstention else None,
            clarification=ClarificationBody.model_validate(reply.clarification) if reply.clarification else None,
            passages=[PassageBody.of(hit) for hit in reply.hits],
            index=IndexBody.model_validate(reply.index),
            timing_ms=dict(reply.timing_ms),
        )


class BatchResponse(Body):
    """The answers to several questions, in the order in which they were asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"results": [ANSWERED]}]})

    results: list[AskResponse]


class SearchResponse(Body):
    """The best passages, best first."""

    model_config = ConfigDict(json_schema_extra={"examples": [FOUND]})

    hits: list[PassageBody]
    index: IndexBody
    tokens: int = Field(description="The tiktoken (cl100k) tokens of the texts of all hits together.")

    @classmethod
    def of(cls, hits: Sequence[Hit], index: IndexInfo) -> Self:
        """The JSON of a search."""
        return cls(
            hits=[PassageBody.of(hit) for hit in hits],
            index=IndexBody.model_validate(index),
            tokens=sum(count_tiktoken(hit.text) for hit in hits),
        )


def _interpretation(reply: Reply) -> InterpretationBody | None:
    meant = reply.interpreted_as
    if meant is None:
        return None
    return InterpretationBody(
        question=meant.question,
        doc_id=meant.place.doc_id,
        title=meant.place.title,
        section=meant.place.section,
        from_history=meant.from_history,
    )
