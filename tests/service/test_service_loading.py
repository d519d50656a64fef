"""The engine is loaded beside the running service and never blocks it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from procqa.embedding import Encoder
from procqa.engine import Engine
from procqa.errors import SnapshotError
from procqa.index.build import build_index
from procqa.service.app import create_app
from procqa.settings import Settings

PATIENCE = 5.0


def test_until_the_engine_is_loaded_the_service_lives_but_is_not_ready(engine: Engine, serve: Any) -> None:
    loaded = threading.Event()

    def open_slowly() -> Engine:
        assert loaded.wait(PATIENCE)
        return engine

    with serve(create_app(open_slowly)) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/").status_code == 200
        for url in ("/readyz", "/v1/index", "/v1/documents", "/v1/documents/knee", "/documents/knee"):
            response = client.get(url)
            assert (response.status_code, response.json()["code"]) == (503, "not_ready")
            assert int(response.headers["retry-after"]) > 0
        assert client.post("/v1/ask", json={"question": "a"}).json()["code"] == "not_ready"
        loaded.set()
        client.wait_until_loaded()
        assert client.get("/readyz").json() == {"status": "ready", "index": engine.info.version}


@pytest.mark.parametrize("error", [SnapshotError("There is no index in /srv/index."), RuntimeError("/srv/index")])
def test_an_index_that_cannot_be_loaded_is_logged_and_told(
    serve: Any, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail() -> Engine:
        raise error

    with caplog.at_level(logging.ERROR), serve(create_app(fail)) as client:
        client.wait_until_loaded()
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
        assert (response.status_code, response.json()["code"]) == (503, "index_unavailable")
        assert "`procqa doctor`" in response.json()["detail"]
        assert int(response.headers["retry-after"]) > 0
        assert "/srv" not in response.text
    assert "cannot be used" in caplog.text
    assert "/srv/index" in caplog.text


class BusyEngine:
    """An engine whose questions wait until they are let go, and are counted."""

    def __init__(self, engine: Engine) -> None:
        self.info = engine.info
        self.closed = False
        self.go = threading.Event()
        self.most = self._now = 0
        self._engine = engine
        self._lock = threading.Lock()

    def search(self, *args: Any, **options: Any) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        assert self.go.wait(PATIENCE)
        with self._lock:
            self._now -= 1
        return self._engine.search(*args, **options)

    def close(self) -> None:
        self.closed = True


def test_questions_run_beside_the_event_loop_and_only_so_many_at_once(engine: Engine, serve: Any) -> None:
    busy: Any = BusyEngine(engine)

    async def crowd(client: Any) -> list[int]:
        answers = []

        async def one() -> None:
            answers.append((await client.send("POST", "/v1/search", json={"question": "stroke"})).status_code)

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(one)
            while busy.most < 2:
                await anyio.sleep(0.01)
            with anyio.fail_after(1):
                assert (await client.send("GET", "/healthz")).status_code == 200
            busy.go.set()
        return answers

    with serve(create_app(lambda: busy, threads=2)) as client:
        client.wait_until_loaded()
        assert client.portal.call(crowd, client) == [200] * 8
        assert not busy.closed
    assert busy.most == 2
    assert busy.closed


def test_a_published_snapshot_is_served_and_a_bad_one_is_named(
    engine: Engine, settings: Settings, encoder: Encoder, serve: Any
) -> None:
    index = settings.index
    with serve(create_app(lambda: Engine.open(index, encoder=encoder), watch=index)) as client:
        client.wait_until_loaded()
        first = client.get("/v1/index").json()
        assert (first["version"], first["swaps"], first["refused"]) == (engine.info.version, 0, None)
        (settings.corpus / "knee.md").unlink()
        second = build_index(settings, encoder=encoder).version
        wait_for(client, lambda state: state["swaps"] == 1)
        assert client.get("/readyz").json()["index"] == second
        assert client.get("/v1/documents/knee").status_code == 404
        (settings.corpus / "heart" / "mitral.txt").unlink()
        third = build_index(settings, encoder=encoder).version
        (index / "snapshots" / third / "titles.npy").write_bytes(b"x")
        state = wait_for(client, lambda state: state["refused"])
        assert state["version"] == second
        assert state["refused"]["version"] == third
        assert "titles.npy has 1 bytes" in state["refused"]["reason"]
        assert str(index) not in state["refused"]["reason"]
        assert client.get("/v1/documents/heart%2Fmitral").status_code == 200


def wait_for(client: Any, condition: Callable[[Any], Any]) -> Any:
    for _ in range(500):
        state = client.get("/v1/index").json()
        if condition(state):
            return state
        client.portal.call(anyio.sleep, 0.02)
    raise AssertionError(f"it never came to pass: {state}")
