"""Pages, titles, headings, ids and names of fields that try to run in a browser, at every door that shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.service.app import create_app
from procqa.settings import Settings
from tests.service.conftest import serving

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "</div></section></main></body></html><script>alert(1)</script>",
    "</textarea><iframe src=javascript:alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "<!--><script>alert(1)</script>-->",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<form action=https://evil.example/><input name=question>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "\u202e<script>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
)
# What the service's own pages are made of; anything else came out of a payload.
OWN = {
    "html", "head", "meta", "title", "style", "link", "body", "main", "header", "footer", "nav", "section", "article",
    "aside", "h1", "h2", "h3", "p", "div", "span", "ul", "ol", "li", "a", "pre", "code", "mark", "dl", "dt", "dd",
    "form", "input", "button", "label", "details", "summary", "time", "em", "strong", "small", "hr", "br", "script",
    "img", "b", "noscript", "procqa-widget",
}  # fmt: skip


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text within scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    for tag, attributes in Elements(html).found:
        assert tag in OWN, tag
        assert not [name for name in attributes if name.startswith("on")], attributes
        for name in ("href", "src", "action"):
            target = (attributes.get(name) or "/").strip().lower()
            assert target.startswith(("/", "#")), target
            assert not target.startswith("//"), target
        if tag == "script":
            assert attributes.get("src"), "no script stands in a page"
        if tag == "meta":
            assert "http-equiv" not in attributes
    assert "alert(1)</script>" not in html


@pytest.fixture(scope="module")
def pages() -> list[dict[str, Any]]:
    return [
        {
            "doc_id": f"folder {number}/{payload.lstrip(chr(0x202E))}",  # an id holds no control characters
            "title": f"Procedure {number} {payload}",
            "aliases": [payload],
            "metadata": {payload: payload},
            "sections": [
                {"heading": "Recovery", "text": f"Rest for {number} weeks {payload} then walk."},
                {"heading": f"Own {payload}", "text": f"{payload} is said here."},
            ],
        }
        for number, payload in enumerate(PAYLOADS)
    ]


@pytest.fixture(scope="module")
def attacked(tiny: Any, pages: list[dict[str, Any]], tmp_path_factory: Any) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("attacked")
    settings = Settings(corpus=folder / "corpus", index=folder / "index", state=folder / "state")
    settings.corpus.mkdir()
    lines = "".join(json.dumps(page) + "\n" for page in pages)
    (settings.corpus / "pages.jsonl").write_text(lines, encoding="utf-8")
    encoder = tiny.WordEncoder()
    build_index(settings, encoder=encoder)
    tiny.CALIBRATION.save(settings.index)
    with serving(create_app(lambda: Engine.open(settings.index, encoder=encoder), settings)) as client:
        client.wait_until_loaded()
        yield client


def doc_ids(client: Any) -> list[str]:
    return [page["doc_id"] for page in client.get("/v1/documents?limit=500").json()["documents"]]


def test_every_page_was_read(attacked: Any, pages: list[dict[str, Any]]) -> None:
    assert len(doc_ids(attacked)) == len(pages)


def test_reading_pages_show_payloads_as_text(attacked: Any) -> None:
    for doc_id in doc_ids(attacked):
        document = attacked.get(f"/v1/documents/{quote(doc_id)}").json()
        section = document["sections"][0]
        page = attacked.get(f"/documents/{quote(doc_id)}?start={section['start'] + 3}&end={section['end']}")
        assert page.status_code == 200
        assert_harmless(page.text)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("payload", PAYLOADS)
def test_addresses_that_hold_payloads_show_nothing_of_them(attacked: Any, payload: str) -> None:
    name = quote(payload, safe="")
    for url in (f"/documents/{name}", f"/problems/{name}", f"/{name}", f"/v1/models/{name}", f"/?{name}={name}"):
        response = attacked.get(url, headers={"host": "procqa.test", "x-request-id": quote(payload)})
        assert response.headers["x-content-type-options"] == "nosniff"
        if response.headers["content-type"].startswith("text/html"):
            assert_harmless(response.text)
        else:
            assert response.headers["content-type"] == "application/problem+json"
            assert payload not in response.text or "<" not in payload


@pytest.mark.parametrize("payload", PAYLOADS)
def test_doors_for_programs_are_never_taken_for_pages(attacked: Any, payload: str) -> None:
    asked = {"question": f"How long do I rest {payload}?", "passages": 3}
    chat = {"model": "procqa", "messages": [{"role": "user", "content": asked["question"]}]}
    responses = [
        attacked.post("/v1/ask", json=asked),
        attacked.post("/v1/ask", json=asked, headers={"accept": "text/event-stream"}),
        attacked.post("/v1/ask", json={payload: payload}),
        attacked.post("/v1/ask:batch", json={"requests": [asked]}),
        attacked.post("/v1/search", json={"question": payload}),
        attacked.post("/v1/chat/completions", json=chat),
        attacked.post("/v1/chat/completions", json={**chat, "stream": True}),
        attacked.post("/v1/chat/completions", json={**chat, "model": payload}),
        attacked.post("/v1/feedback", json={"id": "0" * 32, "rating": "down", "comment": payload}),
        attacked.post("/v1/feedback", json={"id": payload, "rating": "down"}),
        attacked.get("/v1/documents?limit=500"),
        attacked.get("/v1/documents", params={"cursor": payload}),
        attacked.get("/metrics"),
        attacked.get("/openapi.json"),
    ]
    kinds = {"application/json", "application/problem+json", "text/event-stream", "text/plain"}
    for response in responses:
        assert response.headers["content-type"].partition(";")[0] in kinds
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.status_code < 500
    assert payload not in responses[-2].text


def test_own_pages_hold_no_script_of_their_own(attacked: Any) -> None:
    for url in ("/", "/problems", "/problems/not_found"):
        page = attacked.get(url)
        assert_harmless(page.text)
        assert "unsafe" not in page.headers["content-security-policy"]


def test_links_in_json_lead_to_the_service_alone(attacked: Any) -> None:
    answers = attacked.post("/v1/ask", json={"question": "How long do I rest after procedure 3?", "max_answers": 10})
    citations = answers.json()["citations"]
    assert citations
    for citation in citations:
        assert citation["url"].startswith("/documents/folder%20")
        assert not set(citation["url"]) & set("<>\"' ")
