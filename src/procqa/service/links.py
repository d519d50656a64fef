"""The addresses that citations point to: the one place that knows how a page and a span become a URL."""

from __future__ import annotations

from urllib.parse import quote


def document_url(doc_id: str) -> str:
    """The path of a page for readers; `/` in a doc_id stays, so that the address looks like the corpus."""
    return f"/documents/{quote(doc_id, safe='/')}"


def citation_url(doc_id: str, start: int, end: int) -> str:
    """The path that opens a page at the code points [start, end) of its text, and highlights them."""
    return f"{document_url(doc_id)}?start={start}&end={end}#{mark_id(start, end)}"


def mark_id(start: int, end: int) -> str:
    """The id of the highlighted element on a page."""
    return f"c{start}-{end}"
