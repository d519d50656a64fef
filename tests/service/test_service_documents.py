"""Documents as JSON and as pages to read, with ids and texts that try to break out."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.passages import split_blocks
from procqa.service.links import citation_url, document_url, mark_id
from procqa.service.reading import reading_page
from procqa.types import Document, Section

HOSTILE_ID = "кардио/à b?c#d%2F&e"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


class Seen(HTMLParser):
    """What a browser would make of a page: its elements, the text of each section, and what is marked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.marked = ""
        self.ids: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag not in {"meta", "img", "link"}:
            self._open.append(tag)
        self.ids += [value or "" for name, value in attrs if tag == "mark" and name == "id"]
        if ("class", "text") in attrs:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "section" in self._open and "div" in self._open:
            self.texts[-1] += data
        if "mark" in self._open:
            self.marked += data


def shown(text: str, first: int = 0, last: int | None = None) -> str:
    """What a reader sees of a section: its blocks, whose bullets and wrapped lines are for the browser to draw."""
    last = len(text) if last is None else last
    blocks = ((max(start, first), min(end, last)) for start, end, _ in split_blocks(text, 0, len(text)))
    return squeezed(" ".join(text[start:end] for start, end in blocks if start < end))


def squeezed(text: str) -> str:
    return "".join(text.split())


def document_of(*bodies: str) -> Document:
    sections, text = [], ""
    for number, body in enumerate(bodies):
        text += f"Heading {number}\n"
        sections.append(Section(f"Name {number}", f"Heading {number}", len(text), len(text) + len(body)))
        text += body + "\n"
    return Document("a", "Title", text, tuple(sections), "0" * 64)


def test_a_document_has_the_fields_of_the_contract(client: Any) -> None:
    body = client.get("/v1/documents/heart/mitral").json()
    assert set(body) == {"doc_id", "title", "text", "sha256", "metadata", "sections"}
    assert body["title"] == "Mitral valve repair"
    recovery = body["sections"][-1]
    assert set(recovery) == {"section", "heading", "start", "end"}
    words = "You stay in hospital for 3 days. It’s safe to shower on day 2 😀."
    assert body["text"][recovery["start"] : recovery["end"]] == words


@pytest.mark.parametrize("path", ["heart/mitral", "heart%2Fmitral", "heart%2fmitral", "%68eart/mitral"])
def test_a_slash_in_a_doc_id_may_be_encoded(client: Any, path: str) -> None:
    assert client.get(f"/v1/documents/{path}").json()["doc_id"] == "heart/mitral"
    assert client.get(f"/documents/{path}").status_code == 200


def test_any_character_may_stand_in_a_doc_id(hostile: Any) -> None:
    for safe in ("", "/"):
        path = quote(HOSTILE_ID, safe=safe)
        assert hostile.get(f"/v1/documents/{path}").json()["doc_id"] == HOSTILE_ID
    page = hostile.get(document_url(HOSTILE_ID))
    assert page.status_code == 200


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_the_cursor_leads_through_every_document_once(hostile: Any, limit: int) -> None:
    met, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        body = hostile.get("/v1/documents", params={"limit": limit, **({"cursor": cursor} if cursor else {})}).json()
        assert set(body) == {"documents", "next"}
        assert len(body["documents"]) <= limit
        met += [document["doc_id"] for document in body["documents"]]
        cursor, pages = body["next"], pages + 1
    assert met == ["heart/aortic", "heart/mitral", "knee", HOSTILE_ID]
    assert pages == -(-4 // limit)


def test_a_listing_names_sections_and_metadata_but_holds_no_text(client: Any) -> None:
    knee = client.get("/v1/documents").json()["documents"][-1]
    assert set(knee) == {"doc_id", "title", "sha256", "sections", "metadata"}
    assert knee["sections"] == ["Personnel", "Recovery"]
    assert knee["metadata"]["aliases"] == ["keyhole knee surgery"]
    assert client.get("/v1/documents", params={"cursor": "zzz"}).json() == {"documents": [], "next": None}


def test_a_citation_opens_its_page_at_its_words(client: Any) -> None:
    asked = {"question": "When is it safe to shower after a mitral valve repair?"}
    citation = client.post("/v1/ask", json=asked).json()["citations"][0]
    page = client.get(citation["url"])
    seen = Seen(page.text)
    assert seen.marked == citation["quote"]["exact"]
    assert seen.ids == [urlsplit(citation["url"]).fragment]
    assert "script" not in seen.elements


def test_a_hostile_page_is_shown_as_text(hostile: Any) -> None:
    body = hostile.get("/v1/documents/" + quote(HOSTILE_ID)).json()
    page = hostile.get(document_url(HOSTILE_ID))
    seen = Seen(page.text)
    assert not {"script", "img"} & set(seen.elements)
    sections = [body["text"][part["start"] : part["end"]] for part in body["sections"]]
    assert [squeezed(text) for text in seen.texts] == [shown(text) for text in sections]
    assert '<script>alert("text")</script>' in seen.texts[0]
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("url", ["/healthz", "/", "/v1/documents", "/documents/knee", "/widget.js"])
def test_head_tells_what_get_would(url: str, live: str) -> None:
    with httpx.Client(base_url=live, trust_env=False) as client:
        head, get = client.head(url), client.get(url)
        assert (head.status_code, head.content) == (200, b"")
        own = {"date", "x-request-id"}
        assert {name: head.headers[name] for name in head.headers if name not in own} == {
            name: get.headers[name] for name in get.headers if name not in own
        }
        assert client.head("/nowhere").status_code == 404
        assert client.head("/v1/ask").headers["allow"] == "POST"
        assert client.delete(url).headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("query", ["", "?start=3", "?end=3"])
def test_without_a_whole_span_nothing_is_marked(client: Any, query: str) -> None:
    seen = Seen(client.get(f"/documents/knee{query}").text)
    assert "mark" not in seen.elements
    assert seen.texts[0].strip() == "An orthopaedic surgeon and a nurse are present."


@pytest.mark.parametrize("span", [(0, 1), (9, 9), (40, 30), (10**6, 10**7), (0, 0)])
def test_a_span_that_is_not_on_the_page_is_said_to_be_elsewhere(client: Any, span: tuple[int, int]) -> None:
    page = client.get("/documents/knee", params={"start": span[0], "end": span[1]})
    assert page.status_code == 200
    assert "mark" not in Seen(page.text).elements
    assert "not on the page" in page.text


@given(st.lists(ANY_TEXT.filter(len), min_size=1, max_size=4), st.data())
def test_the_page_shows_the_sections_and_marks_the_span_whatever_they_hold(bodies: list[str], data: Any) -> None:
    document = document_of(*bodies)
    start = data.draw(st.integers(0, len(document.text)))
    end = data.draw(st.integers(start, len(document.text) + 2))
    seen = Seen(bytes(reading_page(document, start, end).body).decode())
    assert [squeezed(text) for text in seen.texts] == [shown(body) for body in bodies]
    marked = [
        shown(body, start - part.start, end - part.start) for body, part in zip(bodies, document.sections, strict=True)
    ]
    assert squeezed(seen.marked) == "".join(marked)
    assert seen.ids == ([mark_id(start, end)] if seen.marked else [])


@given(ANY_TEXT.filter(len), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_link_says_which_words_of_which_document(doc_id: str, start: int, end: int) -> None:
    url = urlsplit(citation_url(doc_id, start, end))
    assert unquote(url.path.removeprefix("/documents/")) == doc_id
    assert parse_qs(url.query) == {"start": [str(start)], "end": [str(end)]}
    assert url.fragment == mark_id(start, end)
    assert url.geturl().isascii()
