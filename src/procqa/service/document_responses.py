"""What clients get of documents: a whole page, and a listing of pages."""

from __future__ import annotations

from typing import Any, Self

from procqa.service.responses import Body
from procqa.types import Document


class SectionBody(Body):
    """A section's canonical name, the page's own heading, and the code points of its body."""

    section: str
    heading: str
    start: int
    end: int


class DocumentBody(Body):
    """A whole page; every offset of the service counts code points of this `text`."""

    doc_id: str
    title: str
    text: str
    sha256: str
    metadata: dict[str, Any]
    sections: list[SectionBody]

    @classmethod
    def of(cls, document: Document) -> Self:
        """The JSON of a page."""
        return cls(
            doc_id=document.doc_id,
            title=document.title,
            text=document.text,
            sha256=document.sha256,
            metadata=dict(document.metadata),
            sections=[
                SectionBody(section=part.name, heading=part.heading, start=part.start, end=part.end)
                for part in document.sections
            ],
        )


class DocumentSummary(Body):
    """A page in a listing, with the names of its sections."""

    doc_id: str
    title: str
    sha256: str
    sections: list[str]
    metadata: dict[str, Any]

    @classmethod
    def of(cls, document: Document) -> Self:
        """The JSON of a page without its text."""
        return cls(
            doc_id=document.doc_id,
            title=document.title,
            sha256=document.sha256,
            sections=[part.name for part in document.sections],
            metadata=dict(document.metadata),
        )


class DocumentList(Body):
    """Pages in the order of their doc_id; `next` is the cursor of the following ones, null at the end."""

    documents: list[DocumentSummary]
    next: str | None
