"""The reading page: a whole document as HTML, with the words of a citation highlighted in place."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from procqa.service.links import mark_id
from procqa.service.pages import html_page
from procqa.types import Document

_ELSEWHERE = (
    '<p class="notice">The place that this link names is not on the page; the page may have changed since the link '
    "was made.</p>\n"
)


def reading_page(document: Document, start: int | None, end: int | None) -> HTMLResponse:
    """The document; with `start` and `end`, code points of its text, the words between them stand in a `mark`."""
    wanted = start is not None and end is not None
    opening = f'<mark id="{mark_id(start, end)}">' if start is not None and end is not None else ""
    found = False
    parts = []
    for section in document.sections:
        # Where the span begins and ends in this section; the same place twice when it does not touch it.
        first = min(max(section.start, start or 0), section.end)
        last = max(first, min(section.end, end or 0))
        before, words, after = (
            escape(document.text[a:b]) for a, b in ((section.start, first), (first, last), (last, section.end))
        )
        if wanted and words:
            # A span over several sections is a mark in each, and an id may stand only once: on the first.
            words = f"{'<mark>' if found else opening}{words}</mark>"
            found = True
        heading = escape(section.heading or section.name)
        parts.append(f'<section>\n<h2>{heading}</h2>\n<div class="text">{before}{words}{after}</div>\n</section>\n')
    notice = _ELSEWHERE if wanted and not found else ""
    return html_page(document.title, notice + "".join(parts))
