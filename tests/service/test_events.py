"""POST /v1/ask as server-sent events, and several questions in one request."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procqa.engine import Engine
from procqa.service import events
from procqa.service.app import create_app
from procqa.service.events import wants_events
from procqa.settings import Settings

STAY = "How long do I stay in hospital after a mitral valve repair?"
STREAM = {"accept": "text/event-stream"}


def parsed(text: str) -> list[tuple[str, Any]]:
    """(event, data) in order; a comment is ("", its text)."""
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        found.append((fields["event"], json.loads(fields["data"])) if fields else ("", block))
    return found


def without_chance(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in {"id", "timing_ms"}}


def test_a_stream_tells_what_json_tells(client: Any) -> None:
    asked = {"question": STAY, "passages": 2}
    response = client.post("/v1/ask", json=asked, headers=STREAM)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "content-encoding" not in response.headers
    (meta, passages, answer, done) = parsed(response.text)
    assert (meta[0], passages[0], answer[0], done) == ("meta", "passages", "answer", ("done", {}))
    assert meta[1]["request_id"] == response.headers["x-request-id"]
    whole = client.post("/v1/ask", json=asked).json()
    assert without_chance(answer[1]) == without_chance(whole)
    assert passages[1] == whole["passages"] != []


@pytest.mark.parametrize(
    ("accept", "streamed"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("application/json, text/event-stream", False),
        ("text/event-stream, application/json", True),
        ("application/json;q=0.5, text/event-stream", True),
        ("text/event-stream;q=0.1, application/json;q=0.2", False),
        ("text/event-stream;q=0", False),
        ("text/event-stream;q=x", False),
        ("text/event-stream;q=nan", False),
    ],
)
def test_the_client_chooses_by_its_accept_header(accept: str, streamed: bool) -> None:
    assert wants_events(accept) is streamed


@given(st.text())
def test_any_accept_header_is_understood(accept: str) -> None:
    assert wants_events(accept) in {True, False}


def test_a_wrong_question_is_refused_before_a_stream_begins(client: Any) -> None:
    response = client.post("/v1/ask", json={"question": ""}, headers=STREAM)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


class OtherEngine:
    """An engine whose questions wait, or fail."""

    def __init__(self, engine: Engine, error: Exception | None = None) -> None:
        self.info = engine.info
        self.go = threading.Event()
        self._engine, self._error = engine, error

    def ask(self, *args: Any, **options: Any) -> Any:
        if self._error is not None:
            raise self._error
        assert self.go.wait(5)
        return self._engine.ask(*args, **options)

    def close(self) -> None:
        pass


def test_a_failure_after_the_beginning_is_an_event(engine: Engine, settings: Settings, serve: Any) -> None:
    failing: Any = OtherEngine(engine, RuntimeError("secret words"))
    with serve(create_app(lambda: failing, settings)) as client:
        client.wait_until_loaded()
        response = client.post("/v1/ask", json={"question": STAY}, headers=STREAM)
        assert response.status_code == 200
        (meta, error) = parsed(response.text)
        assert error[0] == "error"
        assert (error[1]["status"], error[1]["code"]) == (500, "internal_error")
        assert error[1]["request_id"] == meta[1]["request_id"]
        assert "secret" not in response.text


def test_a_stream_says_that_it_lives_and_a_client_may_leave_it(
    engine: Engine, settings: Settings, listen_to: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    slow: Any = OtherEngine(engine)
    with listen_to(create_app(lambda: slow, settings)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        with client.stream("POST", "/v1/ask", json={"question": STAY}, headers=STREAM) as response:
            lines = response.iter_lines()
            assert next(lines) == "event: meta"
            assert json.loads(next(lines).removeprefix("data: "))["heartbeat_seconds"] == 0.05
            heard = [next(lines) for _ in range(5)]
            assert heard == ["", ": ping", "", ": ping", ""]
        # Gone in the middle; the next one waits until the words are there.
        with client.stream("POST", "/v1/ask", json={"question": STAY}, headers=STREAM) as response:
            slow.go.set()
            told = parsed(response.read().decode())
        assert [name for name, _ in told if name] == ["meta", "passages", "answer", "done"]


def test_a_batch_is_answered_in_order_as_if_asked_alone(client: Any) -> None:
    asked = [{"question": STAY}, {"question": "?!"}, {"question": "And the risks?", "history": [STAY], "passages": 1}]
    response = client.post("/v1/ask:batch", json={"requests": asked})
    assert response.status_code == 200
    alone = [client.post("/v1/ask", json=each).json() for each in asked]
    results = response.json()["results"]
    assert [without_chance(each) for each in results] == [without_chance(each) for each in alone]
    assert len({each["id"] for each in results}) == 3


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        ([], "requests"),
        ([{"question": "a"}] * 33, "requests"),
        ([{"question": "a"}, {"question": ""}], "requests.1.question"),
        ([{"question": "a", "colour": 1}], "requests.0.colour"),
    ],
)
def test_a_wrong_batch_is_refused_whole(client: Any, requests: list[Any], field: str) -> None:
    response = client.post("/v1/ask:batch", json={"requests": requests})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]
