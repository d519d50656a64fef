"""What is asked is nobody's business: no word of it in logs, metrics, errors or files, and no network at run time."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from procqa.engine import Engine
from procqa.service import kept as module
from procqa.service.app import create_app
from procqa.service.forgetting import forgetting
from procqa.service.kept import KeptQuestions
from procqa.service.logs import configure
from procqa.service.sqlite_file import StateError
from procqa.settings import Settings

MARKER = "zebrafishtattoo"
QUESTION = {"question": f"How long do I stay in hospital after a mitral valve repair {MARKER}?"}

CHAT = {"model": "procqa", "messages": [{"role": "user", "content": QUESTION["question"]}]}
MCP = {"accept": "application/json, text/event-stream"}


def call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A call of a tool as a message of the Model Context Protocol."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, everything at the level debug; what pytest set up is put back."""
    root, ours = logging.getLogger(), logging.getLogger("procqa")
    before = (root.handlers[:], root.level, ours.level)
    stream = io.StringIO()
    configure(Settings(log_level="debug", log_format="json"), stream)
    root.setLevel(logging.DEBUG)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], root.level = before[:2]
    ours.setLevel(before[2])


def files_with(word: str, folder: Path) -> list[str]:
    """The files below a folder that hold the word; file names count."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if word in str(path) or word.encode() in path.read_bytes()]


def ask_everywhere(client: Any) -> str:
    """Bring the marker to every kind of door, in every place of a request; what was answered to it as an error."""
    asks = [
        client.post("/v1/ask", json=QUESTION),
        client.post("/v1/ask", json={"question": "And then?", "history": [QUESTION["question"]]}),
        client.post("/v1/ask", json=QUESTION | {"filters": {"doc_id": [MARKER]}}),
        client.post("/v1/search", json=QUESTION),
        client.post("/v1/ask", json=QUESTION, headers={"accept": "text/event-stream"}),
        client.post("/v1/ask:batch", json={"requests": [QUESTION]}),
        client.post("/v1/chat/completions", json=CHAT),
        client.post("/v1/chat/completions", json=CHAT | {"stream": True}),
        client.post("/v1/feedback", json={"id": "0" * 32, "rating": "down", "comment": MARKER} | QUESTION),
        client.post("/mcp", json=call("ask", QUESTION), headers=MCP),
        client.post("/mcp", json=call("search", QUESTION), headers=MCP),
        client.post("/mcp", json=call("ask", QUESTION | {"max_answers": 99, MARKER: MARKER}), headers=MCP),
        client.post("/mcp", json=call(MARKER, {}), headers=MCP),
        client.post("/mcp", json={"jsonrpc": "2.0", "method": MARKER, "id": MARKER}, headers=MCP),
    ]
    assert [response.status_code for response in asks] == [200] * len(asks)
    wrong = [
        client.post("/v1/ask", json=QUESTION | {"max_answers": 99}),
        client.post("/v1/ask", json={"question": [MARKER]}),
        client.post("/v1/ask", content=MARKER, headers={"content-type": "application/json"}),
        client.post("/v1/ask", content=MARKER),
        client.post("/v1/ask:batch", json={"requests": [MARKER]}),
        client.post("/v1/chat/completions", json=CHAT | {"model": MARKER}),
        client.post("/v1/chat/completions", json=CHAT | {"messages": MARKER}),
        client.post("/v1/feedback", json={"id": MARKER, "rating": MARKER}),
        client.get(f"/v1/ask?question={MARKER}"),
        client.get("/healthz", headers={"x-request-id": f"{MARKER} {MARKER}", "user-agent": MARKER, "cookie": MARKER}),
        client.request("BREW", "/v1/ask"),
    ]
    return "".join(response.text for response in wrong)


def test_a_word_of_a_question_is_left_nowhere(engine: Engine, serve: Any, tmp_path: Path, log: io.StringIO) -> None:
    with serve(create_app(lambda: engine, Settings(state=tmp_path / "state"))) as client:
        client.wait_until_loaded()
        errors = ask_everywhere(client)
        metrics = client.get("/metrics").text
        # An unknown address may hold anything, so that its words are not told either.
        client.get(f"/{MARKER}")
        client.get(f"/documents/{MARKER}")
        metrics += client.get("/metrics").text
    assert MARKER not in errors
    assert MARKER not in metrics
    assert log.getvalue().count('"route": "/v1/ask"') >= 4
    assert MARKER not in log.getvalue()
    assert files_with(MARKER, tmp_path) == []


class FailingEngine:
    """An engine that fails with the question in the words of its exception, and of that one's cause."""

    def __init__(self, engine: Engine) -> None:
        self.info = engine.info

    def ask(self, question: str, **options: Any) -> None:
        try:
            raise ValueError(question)
        except ValueError as error:
            raise RuntimeError(f"cannot answer {question}") from error

    def close(self) -> None:
        pass


def test_a_failure_is_logged_by_its_place_not_by_its_words(engine: Engine, serve: Any, log: io.StringIO) -> None:
    failing: Any = FailingEngine(engine)
    with serve(create_app(lambda: failing)) as client:
        client.wait_until_loaded()
        response = client.post("/v1/ask", json=QUESTION, headers={"x-request-id": "find-me"})
        assert response.status_code == 500
        assert response.json()["request_id"] == "find-me"
    rows = [json.loads(line) for line in log.getvalue().splitlines()]
    (failure,) = [row for row in rows if row["level"] == "error"]
    assert "find-me failed: RuntimeError" in failure["message"]
    assert "test_privacy.py" in failure["message"]
    assert MARKER not in log.getvalue()


def test_of_libraries_only_the_place_is_logged(log: io.StringIO) -> None:
    logging.getLogger("some.library").warning("asked %s", MARKER)
    logging.getLogger("some.library").warning(f"asked {MARKER}")
    try:
        raise ValueError(MARKER)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("It failed")
    first, second, third = map(json.loads, log.getvalue().splitlines())
    assert first["message"].startswith("at ")
    assert "test_privacy.py" in second["message"]
    assert third["message"].startswith("It failed: ValueError at\n")
    assert MARKER not in log.getvalue()


def test_a_line_for_people_has_the_same_fields(engine: Engine, serve: Any, log: io.StringIO) -> None:
    stream = io.StringIO()
    configure(Settings(log_format="text"), stream)
    with serve(create_app(lambda: engine)) as client:
        client.wait_until_loaded()
        client.get("/v1/index", headers={"x-request-id": "mine-1"})
        client.get("/healthz")
    line = next(line for line in stream.getvalue().splitlines() if "/v1/index" in line)
    assert " INFO procqa.service.observing: GET /v1/index 200 " in line
    assert "/healthz" not in stream.getvalue()
    assert "request_id=mine-1" in line


def test_questions_are_kept_only_when_that_is_switched_on(engine: Engine, serve: Any, tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state", keep_questions_days=7)
    with serve(create_app(lambda: engine, settings)) as client:
        client.wait_until_loaded()
        answer = client.post("/v1/ask", json=QUESTION | {"history": ["Hello?"]}).json()
        other = client.post("/v1/ask", json={"question": "??"}).json()
        rows = {row["id"]: row for row in KeptQuestions(settings.state, 7).all()}
        assert rows[answer["id"]]["question"] == QUESTION["question"]
        assert rows[answer["id"]]["history"] == ["Hello?"]
        assert rows[answer["id"]]["status"] == answer["status"]
        assert rows[answer["id"]]["pages"] == sorted({citation["doc_id"] for citation in answer["citations"]})
        assert rows[other["id"]]["reason"] == "not_a_question"
        # The delete door.
        assert client.request("DELETE", f"/v1/questions/{answer['id']}").status_code == 204
        gone = client.request("DELETE", f"/v1/questions/{answer['id']}")
        assert (gone.status_code, gone.json()["code"]) == (404, "question_not_kept")
        assert files_with(MARKER, tmp_path / "state") == []
        assert client.request("DELETE", "/v1/questions").json() == {"removed": 1}
        assert list(KeptQuestions(settings.state, 7).all()) == []
    assert (settings.state / module.FILE).stat().st_mode & 0o077 == 0


def test_a_question_goes_when_its_days_are_over(
    engine: Engine, serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(state=tmp_path / "state", keep_questions_days=7)

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(UTC) + timedelta(days=7, seconds=2)

    with serve(create_app(lambda: engine, settings)) as client:
        client.wait_until_loaded()
        client.post("/v1/ask", json=QUESTION)
        monkeypatch.setattr(module, "datetime", Later)
        client.post("/v1/ask", json={"question": "Another one, a week later?"})
    (row,) = KeptQuestions(settings.state, 7).all()
    assert row["question"] == "Another one, a week later?"
    assert files_with(MARKER, settings.state) == []
    monkeypatch.undo()
    # Switching it off removes what was kept.
    with serve(create_app(lambda: engine, Settings(state=settings.state))) as client:
        client.portal.call(wait_until, lambda: not list(KeptQuestions(settings.state, 0).all()))


async def wait_until(done: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not done():
            await anyio.sleep(0.01)


def test_while_nobody_asks_what_is_too_old_goes_too(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[int] = []

    def broken() -> None:
        raise StateError("The disk is full.")

    async def run() -> None:
        async with forgetting([broken, lambda: seen.append(1)], every=0.01):
            await wait_until(lambda: len(seen) >= 2)

    anyio.run(run)
    assert "was not removed: The disk is full." in caplog.text


def test_a_disk_that_cannot_be_written_costs_no_answer(
    engine: Engine, serve: Any, tmp_path: Path, log: io.StringIO
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / module.FILE).mkdir()
    kept = KeptQuestions(tmp_path / "state", 7)
    kept.hear([], engine.ask(QUESTION["question"]))
    assert "A question is not kept" in log.getvalue()
    assert MARKER not in log.getvalue()


def test_the_commands_export_and_remove(
    engine: Engine, tmp_path: Path, exits: Callable[..., tuple[int, str, str]]
) -> None:
    kept, state = KeptQuestions(tmp_path, 7), ("--state", tmp_path)
    replies = [engine.ask(f"Is it question {number}?") for number in range(3)]
    for reply in replies:
        kept.hear([], reply)
    rows = [json.loads(line) for line in exits("questions", "export", *state)[1].splitlines()]
    assert {row["id"] for row in rows} == {reply.id for reply in replies}
    assert exits("questions", "remove", replies[0].id, "0" * 32, *state)[:2] == (0, "Removed 1 question.\n")
    assert exits("questions", "remove", "--all", *state)[1] == "Removed 2 questions.\n"
    assert exits("questions", "remove", *state)[0] == 2


OFFLINE = """
import socket, sys
from pathlib import Path

def refuse(*arguments, **options):
    raise AssertionError(f"the network was used: {arguments}")

blocked = dict.fromkeys(("connect", "connect_ex", "sendto", "sendmsg"), refuse)
socket.socket = type("socket", (socket.socket,), blocked)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, refuse)

from procqa.engine import Engine
engine = Engine.open(Path(sys.argv[1]))
reply = engine.ask("How long do I stay in hospital after a mitral valve repair?")
assert engine.search("driving after an aortic valve repair", max_tokens=500)
print(reply.status)
try:
    socket.create_connection(("127.0.0.1", 9))
except AssertionError:
    print("blocked")
"""


@pytest.mark.model
def test_asking_uses_no_network_and_tells_nobody(real_index: Path, tmp_path: Path) -> None:
    # Libraries that report what they do note it in the home folder before they send it.
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(real_index)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "blocked"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
