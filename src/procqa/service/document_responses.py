"""What clients get of documents: a whole page, and a listing of pages."""

from __future__ import annotations

import hashlib
from typing import Any, Self

from pydantic import ConfigDict, JsonValue

from procqa.service.responses import Body
from procqa.types import Document

_TEXT = "Mitral valve repair\n\nRecovery\n\nYou stay in hospital for 3 days."
_PAGE: dict[str, JsonValue] = {
    "doc_id": "heart/mitral",
    "title": "Mitral valve repair",
    "sha256": hashlib.sha256(_TEXT.encode()).hexdigest(),
    "metadata": {"aliases": ["MVR"]},
}
_WHOLE: dict[str, JsonValue] = {
    **_PAGE,
    "text": _TEXT,
    "sections": [{"section": "Recovery", "heading": "Recovery", "start": 31, "end": len(_TEXT)}],
}
_LISTED: dict[str, JsonValue] = {"documents": [{**_PAGE, "sections": ["Summary", "Recovery"]}], "next": None}


class SectionBody(Body):
    """A section's canonical name, the page's own heading, and the code points of its body."""

    section: str
    heading: str
    start: int
    end: int


class DocumentBody(Body):
    """A whole page; every offset of the service counts code points of this `text`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WHOLE]})

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


class DocumentSummaryBody(Body):
    """A page in a listing, with the names of its sections."""

    doc_id: str
    title: str
    sha256: str
    sections: list[str]
    metadata: dict[str, Any]


class DocumentList(Body):
    """Pages in the order of their doc_id; `next` is the cursor of the following ones, null at the end."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LISTED]})

    documents: list[DocumentSummaryBody]
    next: str | None
