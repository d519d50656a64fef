"""The reading page: a whole document as HTML, with the words of a citation highlighted in place.

It works without a script: the address names the words, and its fragment scrolls to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from procqa.passages import split_blocks
from procqa.service.catalog import Twin
from procqa.service.links import document_url, mark_id
from procqa.service.pages import page
from procqa.types import Document, Section

_NUMBER = re.compile(r"(\d{1,3})[.)]\s*\Z")
# What a page's own front matter may tell its readers, and in which words.
_FACTS = {"aliases": "Also called", "source": "Source", "reviewed": "Reviewed"}


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a block; `mark` is None for plain words, and for marked ones the id of the mark, or empty."""

    text: str
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph (`kind` p) or a list (ul, ol), as the pieces of each of its items."""

    kind: str
    start: int
    items: tuple[tuple[Piece, ...], ...]


def reading_page(document: Document, start: int | None, end: int | None, twins: Sequence[Twin] = ()) -> HTMLResponse:
    """The document; with `start` and `end`, code points of its text, the words between them stand in a `mark`."""
    marker = _Marker(document.text, start, end)
    sections = [
        (anchor, section.heading or section.name, list(_blocks(document.text, section, marker)))
        for anchor, section in zip(_anchors(document.sections), document.sections, strict=True)
    ]
    return page(
        "reading.html.jinja",
        document=document,
        sections=sections,
        elsewhere=marker.wanted and not marker.found,
        twins=twins,
        facts=_facts(document),
        link=document_url,
    )


class _Marker:
    """Cuts text into pieces around a span. A span over several blocks is a mark in each, the first with the id."""

    def __init__(self, text: str, start: int | None, end: int | None) -> None:
        self.wanted = start is not None and end is not None
        self.found = False
        self._text = text
        # A span that is not wanted is empty.
        self._start, self._end = (start or 0, end or 0) if self.wanted else (0, 0)

    def pieces(self, start: int, end: int) -> tuple[Piece, ...]:
        first = min(max(start, self._start), end)
        last = max(first, min(end, self._end))
        before, words, after = self._text[start:first], self._text[first:last], self._text[last:end]
        marked = None
        if words.strip():
            marked = Piece(words, "" if self.found else mark_id(self._start, self._end))
            self.found = True
        return tuple(piece for piece in (Piece(before), marked or Piece(words), Piece(after)) if piece.text)


def _blocks(text: str, section: Section, marker: _Marker) -> Iterator[Block]:
    """The paragraphs and lists of a section; items that follow each other are one list."""
    kind, number = "", 1
    items: list[tuple[Piece, ...]] = []
    for start, end, is_item in split_blocks(text, section.start, section.end):
        numbered = _NUMBER.search(text, max(section.start, start - 8), start) if is_item else None
        this = "p" if not is_item else "ol" if numbered else "ul"
        if items and (this != kind or this == "p"):
            yield Block(kind, number, tuple(items))
            items = []
        if not items:
            kind, number = this, int(numbered[1]) if numbered else 1
        items.append(marker.pieces(start, end))
    if items:
        yield Block(kind, number, tuple(items))


def _anchors(sections: Sequence[Section]) -> Iterator[str]:
    """An id for each section, readable and unique on the page."""
    seen: set[str] = set()
    for section in sections:
        slug = re.sub(r"[\W_]+", "-", section.name.casefold()).strip("-") or "section"
        anchor, count = f"s-{slug}", 2
        while anchor in seen:
            anchor, count = f"s-{slug}-{count}", count + 1
        seen.add(anchor)
        yield anchor


def _facts(document: Document) -> list[tuple[str, str]]:
    """What the page says of itself, in words."""
    facts = []
    for key, label in _FACTS.items():
        value = document.metadata.get(key)
        words = "; ".join(str(item) for item in value) if isinstance(value, list) else str(value or "")
        if words:
            facts.append((label, words))
    return facts
