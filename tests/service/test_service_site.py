"""What browsers get besides documents: the widget, the demo page, and pages by their names."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from procqa.engine import Engine
from procqa.service.catalog import Catalog, twins
from procqa.widget import widget_script

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", re.IGNORECASE)


@pytest.mark.parametrize("url", ["/", "/?q=valve", "/ask", "/documents/knee", "/problems/not_ready"])
def test_a_page_holds_nothing_inline_and_allows_none(hostile: Any, url: str) -> None:
    page = hostile.get(url)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert INLINE.search(page.text) is None
    assert not re.search(r'<[^>]*\s(?:src|href)="(?:https?:)?//', page.text)


def test_the_widget_is_one_small_script_for_any_site(client: Any) -> None:
    got = client.get("/widget.js")
    assert got.headers["content-type"] == "text/javascript; charset=utf-8"
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert got.headers["access-control-allow-origin"] == "*"
    assert got.text == widget_script()
    assert len(gzip.compress(got.content, 9)) < 20_000
    again = client.get("/widget.js", headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_widget_never_parses_html_and_needs_nobody_else() -> None:
    script = widget_script()
    for banned in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "DOMParser", "eval(", "new Function"):
        assert banned not in script
    assert set(re.findall(r"https?://[^\s\"'`]+", script)) <= {"http://www.w3.org/2000/svg"}


def test_the_widget_is_javascript(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine to read the script")
    (tmp_path / "widget.js").write_text(widget_script(), encoding="utf-8")
    subprocess.run([node, "--check", str(tmp_path / "widget.js")], check=True, timeout=60)


@pytest.mark.parametrize("name", ["pages.css", "home.js", "icon.svg"])
def test_what_the_pages_load_is_there(client: Any, name: str) -> None:
    got = client.get(f"/widget/{name}")
    assert got.status_code == 200
    assert "etag" in got.headers
    assert client.get("/widget/shell.js").status_code == 404


def test_the_demo_page_lists_pages_by_specialty_and_shows_how_to_ask(client: Any) -> None:
    text = client.get("/").text
    assert "Heart" in text
    assert 'href="/documents/heart/mitral"' in text
    assert "procqa-widget" in text
    assert "/v1/ask" in text
    assert re.search(r"http://[\w.:]+/widget\.js", text)


def test_a_name_is_found_by_the_demo_page_without_scripts(client: Any) -> None:
    text = client.get("/", params={"q": "keyhole"}).text  # an alias
    assert "1 page for “keyhole”" in text
    assert "0 pages for" in client.get("/", params={"q": "liver"}).text


def test_titles_are_found_while_they_are_typed(client: Any) -> None:
    def found(typed: str, **options: Any) -> list[str]:
        titles = client.get("/v1/titles", params={"q": typed, **options}).json()["titles"]
        return [title["doc_id"] for title in titles]

    assert found("val") == ["heart/aortic", "heart/mitral"]
    assert found("val", limit=1) == ["heart/aortic"]
    assert found("repair mit") == ["heart/mitral"]
    assert found("MÍTRAL") == ["heart/mitral"]
    assert found("mitrel valve") == ["heart/mitral"]  # misspelt
    assert found("keyhole kn") == ["knee"]
    assert found("") == found("?!") == found("liver") == []
    body = client.get("/v1/titles", params={"q": "knee"}).json()["titles"][0]
    assert body == {
        "doc_id": "knee",
        "title": "Knee arthroscopy",
        "aliases": ["keyhole knee surgery"],
        "specialty": "Pages",
        "url": "/documents/knee",
    }
    assert client.get("/v1/titles").status_code == 422


def test_near_twins_are_told_apart_by_the_words_that_differ(engine: Engine) -> None:
    (twin,) = twins(engine, "heart/aortic", "Aortic valve repair")
    assert twin.doc_id == "heart/mitral"
    assert [piece for piece, differs in twin.title if differs] == ["Mitral"]
    assert "".join(piece for piece, _ in twin.title) == "Mitral valve repair"
    assert (twin.only_here, twin.only_there) == (("Aortic",), ("Mitral",))
    assert twins(engine, "knee", "Knee arthroscopy") == []
    assert engine.alike("no/such/page") == []


def test_the_catalog_of_an_engine_is_made_once(engine: Engine) -> None:
    assert Catalog.of(engine) is Catalog.of(engine)
    assert [name for name, _ in Catalog.of(engine).specialties()] == ["Heart", "Pages"]


def test_lists_on_a_page_are_lists(client: Any) -> None:
    text = client.get("/documents/heart/aortic").text
    assert "<li>Bleeding from the wound</li>" in text
    assert '<li><a href="#s-recovery">Recovery</a></li>' in text
    assert '<section id="s-recovery"' in text


def test_a_site_key_in_the_address_is_the_widgets(client: Any) -> None:
    for url in ("/", "/ask"):
        assert 'site-key="pk-1"' in client.get(url, params={"site": "pk-1"}).text
        assert "site-key" not in client.get(url).text
        assert client.get(url, params={"site": '"><script>'}).text.count("<script>") == 0
