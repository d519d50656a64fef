"""Several processes behind one address, as a user starts them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from procqa.errors import ProcqaError
from procqa.index.build import build_index
from procqa.service.feedback_store import FeedbackStore
from procqa.service.server import listen
from procqa.service.workers import Supervisor
from procqa.settings import Settings

# The command line, over the encoder of the tests in place of a stored one.
SERVE = f"""
import runpy
words = runpy.run_path({str(Path(__file__).parents[1] / "conftest.py")!r})["WordEncoder"]()
import procqa.index.snapshot
procqa.index.snapshot.OnnxEncoder = lambda folder, threads: words
from procqa.cli import main
main()
"""
QUESTION = {"question": "How long do I stay in hospital after a mitral valve repair?"}
PATIENCE = 60.0


@dataclass
class Running:
    """A service, its address, and what it logs."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request over a connection of its own, so that any process may get it."""
        with self.client() as client:
            return client.request(method, path, **options)

    def ask(self) -> httpx.Response:
        return self.send("POST", "/v1/ask", json=QUESTION)

    def workers(self) -> set[int]:
        pid = self.process.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))

    def metric(self, name: str) -> float:
        text = self.send("GET", "/metrics").text
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


def until(condition: Callable[[], Any]) -> Any:
    """What a condition gives once it holds."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it never came to pass")


@contextmanager
def running(settings: Settings, *options: str, host: str = "127.0.0.1") -> Iterator[Running]:
    """A service of two processes, ready, until it is told to stop."""
    log = settings.state.with_suffix(".log")
    folders = ["--index", str(settings.index), "--state", str(settings.state)]
    command = ["serve", "--workers", "2", "--host", host, "--port", "0", "--fast", *folders, *options]
    with log.open("wb") as errors, subprocess.Popen([sys.executable, "-c", SERVE, *command], stderr=errors) as process:
        try:
            found = until(lambda: re.search(r"http://[\d.]+:(\d+)/", log.read_text(encoding="utf-8")))
            service = Running(process, f"http://127.0.0.1:{found[1]}", log)
            until(lambda: log.read_text(encoding="utf-8").count("answers.") == 2)
            yield service
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


@pytest.fixture
def service(served: Path, settings: Settings) -> Iterator[Running]:
    """Two processes over the three pages."""
    with running(settings) as started:
        yield started


def by_each(service: Running, number: int) -> float:
    """The questions that a process has answered, by the file that it counts in."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    folder = service_folder(service) / "metrics"
    families = MultiProcessCollector(CollectorRegistry(), str(folder)).merge([str(folder / f"counter_{number}.db")])
    return sum(
        sample.value for family in families for sample in family.samples if sample.name == "procqa_questions_total"
    )


def service_folder(service: Running) -> Path:
    """The folder that the processes share: each counts in files of it."""
    maps = Path(f"/proc/{min(service.workers())}/maps").read_text(encoding="utf-8")
    return Path(re.findall(r"(/\S+)/metrics/\S+\.db$", maps, re.MULTILINE)[0])


def test_several_processes_answer_and_count_together(service: Running) -> None:
    assert len(service.workers()) == 2
    asked = 0
    while asked < 6 or min(by_each(service, 0), by_each(service, 1)) == 0:
        assert service.ask().json()["answers"][0]["text"] == "You stay in hospital for 3 days."
        asked += 1
        assert asked < 500, "one process got all connections"
    # Whichever process is asked tells the sums.
    assert {service.metric("procqa_questions_total") for _ in range(5)} == {asked}
    assert service.metric('procqa_stage_seconds_count{stage="queue"}') == asked
    assert service.metric("procqa_process_starts_total") == 2
    assert service.metric("procqa_queue_waiting") == 0
    text = service.send("GET", "/metrics").text
    assert len(re.findall(r"^process_resident_memory_bytes{worker=", text, re.MULTILINE)) == 2


def test_feedback_finds_the_answer_of_the_other_process(service: Running, settings: Settings) -> None:
    ids = [service.ask().json()["id"] for _ in range(10)]
    for identity in ids:
        sent = service.send("POST", "/v1/feedback", json={"id": identity, "rating": "up"})
        assert sent.status_code == 200
    kept = FeedbackStore(settings.state, 0).all()
    assert [row.given["quotes"] for row in kept if row.given] == [["You stay in hospital for 3 days."]] * len(ids)


def test_a_process_that_is_killed_is_replaced(service: Running) -> None:
    before = service.workers()
    victim = min(before)
    asked = sum(service.ask().status_code == 200 for _ in range(4))
    subprocess.run(["kill", "-KILL", str(victim)], check=True)
    after = until(lambda: len(now := service.workers()) == 2 and victim not in now and now)
    assert len(after & before) == 1
    until(lambda: service.log.read_text(encoding="utf-8").count("answers.") == 3)
    assert f"Process {victim} of the service ended (-9); another takes its place." in service.log.read_text("utf-8")
    assert all(service.ask().status_code == 200 for _ in range(10))
    # What the dead one counted is not lost.
    assert service.metric("procqa_questions_total") == asked + 10
    assert service.metric("procqa_process_starts_total") == 3
    assert service.metric("procqa_http_in_progress") == 1


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_all_have_answered(served: Path, settings: Settings, stop: signal.Signals) -> None:
    with running(settings) as service:
        workers = service.workers()
        folder = service_folder(service)
        # A request whose body is still to come is in progress.
        connections = [socket.create_connection(("127.0.0.1", httpx.URL(service.url).port)) for _ in range(4)]
        head = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        body = b'{"question": "What is a mitral valve repair?"}'
        for connection in connections:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body))
        until(lambda: service.metric("procqa_http_in_progress") == len(connections) + 1)
        service.process.send_signal(stop)
        time.sleep(0.3)
        for connection in connections:
            with closing(connection):
                connection.sendall(body)
                assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        assert service.process.wait(PATIENCE) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
        assert not folder.exists()


def test_they_stop_when_the_one_that_watches_them_is_killed(served: Path, settings: Settings) -> None:
    with running(settings) as service:
        workers = service.workers()
        service.process.kill()
        until(lambda: not any(alive(pid) for pid in workers))


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


def test_a_limit_holds_for_all_processes_together(served: Path, settings: Settings, monkeypatch: Any) -> None:
    monkeypatch.setenv("PROCQA_RATE_ADDRESS", "20/day")
    with running(settings, "--insecure", host="0.0.0.0") as service:
        got = [service.send("GET", "/v1/index").status_code for _ in range(30)]
    assert got == [200] * 20 + [429] * 10


def test_replies_are_forgotten_by_all(service: Running) -> None:
    def remembered() -> bool:
        return "remembered" in service.ask().json()["timing_ms"]

    # Enough that both have answered it.
    until(lambda: all(remembered() for _ in range(10)))
    assert service.send("DELETE", "/v1/questions").status_code == 200
    with service.client() as first, service.client() as second:
        told = [client.post("/v1/ask", json=QUESTION).json()["timing_ms"] for client in (first, second)]
    assert "remembered" not in told[0]
    assert sum(remembered() for _ in range(20)) >= 18


def test_each_takes_over_a_new_snapshot(service: Running, settings: Settings, encoder: Any) -> None:
    (settings.corpus / "knee.md").unlink()
    version = build_index(settings, encoder=encoder).version
    until(lambda: {service.ask().json()["index"]["version"] for _ in range(10)} == {version})


def test_a_client_of_a_protocol_may_reach_either(service: Running) -> None:
    told = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": QUESTION}}
    accept = {"accept": "application/json, text/event-stream"}
    for _ in range(4):
        said = service.send("POST", "/mcp", json=told, headers=accept).json()
        assert said["result"]["structuredContent"]["status"] == "answered"


def test_what_cannot_start_is_told(served: Path, settings: Settings) -> None:
    command = [sys.executable, "-c", SERVE, "serve", "--workers", "2", "--port", "0", "--index", str(settings.index)]
    environment = {"PROCQA_RATE_KEY": "often", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("'often' is no rate; give one like 120/minute or 10/second.")


def test_one_that_dies_as_it_starts_is_told(settings: Settings) -> None:
    def die(*_: object) -> None:
        raise SystemExit(7)

    with listen("127.0.0.1", 0) as listener:
        supervisor = Supervisor(die, settings, listener, 2, grace=5)
        with pytest.raises(ProcqaError, match=r"ended as it started \(7\)"):
            supervisor.run(lambda: pytest.fail("it did not start"))
