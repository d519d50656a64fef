"""Citations made from offsets, never fitted afterwards, and checked against the stored page before they leave."""

from __future__ import annotations

from collections.abc import Sequence

from procqa.answering.choose import Chosen
from procqa.errors import SnapshotError
from procqa.types import Answer, Citation, Document, Span

# Code points of context on each side of a quote, as in the W3C text quote selector.
CONTEXT = 32


def cite(
    chosen: Sequence[Sequence[Chosen]], documents: dict[str, Document]
) -> tuple[tuple[Answer, ...], tuple[Citation, ...]]:
    """Answers in the order given, and the citations c1, c2, … that their spans name; equal places share one.

    Each answer is made of one piece or more, from a section each.

    Raises SnapshotError when words and page are out of step, so that a wrong quote can never leave.
    """
    citations: dict[tuple[str, int, int], Citation] = {}
    answers = []
    for pieces in chosen:
        spans = []
        for piece in pieces:
            for item in piece.lines:
                place = (piece.doc_id, item.line.start, item.line.end)
                if place not in citations:
                    citation_id = f"c{len(citations) + 1}"
                    citations[place] = _citation(citation_id, documents[piece.doc_id], piece.section, *place[1:])
                spans.append(Span(item.text, citations[place].id))
                if citations[place].exact != item.text:
                    raise SnapshotError("A quote does not match its page; check the index with `procqa index verify`.")
        answers.append(Answer(tuple(spans), min(piece.confidence for piece in pieces)))
    return tuple(answers), tuple(citations.values())


def _citation(citation_id: str, document: Document, section: str, start: int, end: int) -> Citation:
    text = document.text
    return Citation(
        id=citation_id,
        doc_id=document.doc_id,
        title=document.title,
        section=section,
        start=start,
        end=end,
        utf16=(_utf16_length(text[:start]), _utf16_length(text[:end])),
        exact=text[start:end],
        prefix=text[max(0, start - CONTEXT) : start],
        suffix=text[end : end + CONTEXT],
        doc_sha256=document.sha256,
    )


def _utf16_length(text: str) -> int:
    """UTF-16 code units, the unit of JavaScript strings: characters beyond the first plane count as two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
