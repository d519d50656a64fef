"""ETags that follow the index, what caches may keep, and compression."""

from __future__ import annotations

from typing import Any

import pytest

from procqa.engine import Engine
from procqa.index.build import build_index
from procqa.service.app import create_app
from procqa.settings import Settings

TAGGED = [
    "/v1/documents",
    "/v1/documents?limit=1",
    "/v1/documents/knee",
    "/documents/knee",
    "/documents/knee?start=20&end=30",
    "/v1/index",
    "/v1/models",
    "/v1/models/procqa",
]


@pytest.mark.parametrize("url", TAGGED)
def test_what_is_the_same_is_not_sent_again(client: Any, url: str) -> None:
    first = client.get(url)
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert client.get("/v1/index").json()["version"] in tag
    assert first.headers["cache-control"] == "no-cache"
    for sent in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = client.get(url, headers={"if-none-match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (tag, "no-cache")
    for sent in ('"other"', "", tag[:-2], b"\xe9"):
        assert client.get(url, headers={"if-none-match": sent}).content == first.content


def test_a_new_index_has_another_tag(settings: Settings, corpus: Any, engine: Engine, encoder: Any, serve: Any) -> None:
    with serve(create_app(lambda: engine, settings)) as client:
        client.wait_until_loaded()
        old = client.get("/v1/documents/knee")
    (corpus / "knee.md").write_text("# Knee arthroscopy\n\n## Recovery\n\nOther words.\n", encoding="utf-8")
    build_index(settings, encoder=encoder)
    with serve(create_app(lambda: Engine.open(settings.index, encoder=encoder), settings)) as client:
        client.wait_until_loaded()
        new = client.get("/v1/documents/knee", headers={"if-none-match": old.headers["etag"]})
    assert new.status_code == 200
    assert "Other words." in new.json()["text"]
    assert new.headers["etag"] != old.headers["etag"]


def test_a_document_that_is_not_there_is_never_unchanged(client: Any) -> None:
    tag = client.get("/v1/index").headers["etag"]
    response = client.get("/v1/documents/none", headers={"if-none-match": tag})
    assert (response.status_code, response.headers["cache-control"]) == (404, "no-store")
    assert "etag" not in response.headers


@pytest.mark.parametrize("url", ["/healthz", "/readyz", "/nowhere"])
def test_nothing_else_is_kept(client: Any, url: str) -> None:
    assert client.get(url).headers["cache-control"] == "no-store"
    for door in ("ask", "search"):
        assert client.post(f"/v1/{door}", json={"question": "stroke"}).headers["cache-control"] == "no-store"


def test_large_responses_are_compressed_where_the_client_can_read_them(client: Any) -> None:
    asked = {"question": "stroke after mitral valve repair"}
    packed = client.post("/v1/search", json=asked, headers={"accept-encoding": "gzip"})
    plain = client.post("/v1/search", json=asked, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert "content-encoding" not in plain.headers
    assert packed.json()["hits"] == plain.json()["hits"]
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert "content-encoding" not in client.get("/healthz", headers={"accept-encoding": "gzip"}).headers
