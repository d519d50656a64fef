"""Rates, the queue, the time budget and idle connections: whatever comes, others are answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
from starlette.types import Message

from procqa.engine import Engine
from procqa.errors import ProcqaError
from procqa.service.app import create_app
from procqa.service.connections import IdleWatch, raise_file_limit
from procqa.service.deadline import DeadlineMiddleware
from procqa.service.keys import KeyFile
from procqa.service.problems import ServiceError
from procqa.service.rates import rate
from procqa.service.work import WorkQueue
from procqa.settings import Settings

PATIENCE = 5.0
QUESTION = {"question": "How long do I stay in hospital after a mitral valve repair?"}
Open = Callable[..., Any]


@pytest.fixture
def opened(engine: Engine, serve: Any, tmp_path: Path) -> Iterator[Open]:
    """Clients of applications with the given settings, over the real engine or another."""
    with ExitStack() as stack:

        def start(served: Any = engine, threads: int = 4, **values: Any) -> Any:
            # The tests ask one question again and again, and want the engine to work each time.
            settings = Settings(state=tmp_path / "state", remembered=0, **values)
            app = create_app(lambda: served, settings, threads=threads)
            client = stack.enter_context(serve(app))
            client.app = app
            client.wait_until_loaded()
            return client

        yield start


def status_from(client: Any, address: str, **headers: str) -> int:
    """What a question gets that comes from an address."""

    async def ask() -> int:
        transport = httpx.ASGITransport(client.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as caller:
            return (await caller.post("/v1/ask", json=QUESTION, headers=headers)).status_code

    return int(client.portal.call(ask))


def test_an_address_gets_only_so_many_and_is_told_when_to_come_again(opened: Open) -> None:
    client = opened(host="0.0.0.0", insecure=True, rate_address="3/day")
    assert [status_from(client, "192.0.2.1") for _ in range(5)] == [200, 200, 200, 429, 429]
    assert status_from(client, "192.0.2.2") == 200
    for _ in range(3):
        last = client.post("/v1/ask", json=QUESTION)
    assert last.status_code == 200
    refused = client.post("/v1/ask", json=QUESTION)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 86400
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    # Open to all, but not for nothing.
    assert client.get("/openapi.json").status_code == client.get("/").status_code == 429


def test_the_addresses_of_one_ipv6_network_count_as_one(opened: Open) -> None:
    client = opened(host="::", insecure=True, rate_address="2/day")
    addresses = ["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3", "2001:db8:0:2::1"]
    assert [status_from(client, address) for address in addresses] == [200, 200, 429, 200]


def test_a_secret_key_is_counted_by_itself_and_a_site_key_by_visitor_too(opened: Open, tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "state")
    _, secret = keys.create("server")
    _, slow = keys.create("slow", rate="1/day")
    _, site = keys.create("site", origins=["https://a.example"])
    client = opened(require_keys=True, rate_address="2/day", rate_key="4/day")

    def ask(token: str, address: str = "192.0.2.1", **headers: str) -> int:
        return status_from(client, address, Authorization=f"Bearer {token}", **headers)

    assert [ask(secret) for _ in range(6)] == [200, 200, 200, 200, 429, 429]
    assert ask(secret, "192.0.2.9") == 429
    assert [ask(slow) for _ in range(2)] == [200, 429]
    origin = {"Origin": "https://a.example"}
    assert [ask(site, "192.0.2.5", **origin) for _ in range(3)] == [200, 200, 429]
    assert [ask(site, "192.0.2.6", **origin) for _ in range(2)] == [200, 200]
    # All visitors together have used up the site's own rate.
    assert ask(site, "192.0.2.7", **origin) == 429


def test_each_question_of_a_batch_counts(opened: Open) -> None:
    client = opened(host="0.0.0.0", insecure=True, rate_address="5/day")
    sizes = [3, 1, 2, 1]
    got = [client.post("/v1/ask:batch", json={"requests": [QUESTION] * size}).status_code for size in sizes]
    # The one that did not fit has used up the one request that it was counted as when it came.
    assert got == [200, 200, 429, 429]


def test_who_has_the_machine_to_himself_is_not_limited(opened: Open) -> None:
    client = opened(rate_address="1/day")
    assert [status_from(client, "127.0.0.1") for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("text", ["often", "0", "-1/minute", "5/fortnight"])
def test_a_rate_must_be_one(text: str) -> None:
    with pytest.raises(ProcqaError, match="is no rate; give one like 120/minute"):
        rate(text)


class SlowEngine:
    """An engine whose questions wait until they are let go."""

    def __init__(self, engine: Engine) -> None:
        self.info = engine.info
        self.go = threading.Event()
        self.asked = 0
        self.closed_while_busy = False
        self._busy = 0
        self._engine = engine

    def ask(self, *args: Any, **options: Any) -> Any:
        self.asked += 1
        self._busy += 1
        assert self.go.wait(PATIENCE)
        self._busy -= 1
        return self._engine.ask(*args, **options)

    def close(self) -> None:
        self.closed_while_busy = self._busy > 0


async def crowd(client: Any, count: int, then: Callable[[], None], settled: Callable[[], bool]) -> list[httpx.Response]:
    """The responses to questions asked at once; `then` is called when they have `settled`."""
    got: list[httpx.Response] = []

    async def one() -> None:
        got.append(await client.send("POST", "/v1/ask", json=QUESTION))

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
        with anyio.fail_after(PATIENCE):
            while not settled():
                await anyio.sleep(0.01)
        assert (await client.send("GET", "/healthz")).status_code == 200
        then()
    return got


def test_when_the_queue_is_full_the_rest_is_refused_at_once(opened: Open, engine: Engine) -> None:
    slow = SlowEngine(engine)
    client = opened(slow, threads=1, queue=3, queue_seconds=PATIENCE)
    refused: list[Any] = []

    def settled() -> bool:
        return slow.asked == 1 and b'procqa_problems_total{code="overloaded"} 6.0' in client.app.state.metrics.text()

    got = client.portal.call(crowd, client, 10, slow.go.set, settled)
    refused = [response for response in got if response.status_code != 200]
    assert len(got) == 10
    assert [response.json()["code"] for response in refused] == ["overloaded"] * 6
    assert {response.status_code for response in refused} == {429}
    assert all(int(response.headers["retry-after"]) > 0 for response in refused)
    assert slow.asked == 4


def test_what_would_only_be_refused_is_not_even_read(opened: Open, engine: Engine) -> None:
    slow = SlowEngine(engine)
    client = opened(slow, threads=1, queue=1, queue_seconds=PATIENCE)

    async def crowded() -> tuple[httpx.Response, int]:
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(partial(client.send, "POST", "/v1/ask", json=QUESTION))
            while slow.asked == 0 or b"procqa_queue_waiting 1.0" not in client.app.state.metrics.text():
                await anyio.sleep(0.01)
            # Not JSON: it would be told so if it were read.
            refused = await client.send("POST", "/v1/ask", content="x")
            metrics = await client.send("GET", "/metrics")
            slow.go.set()
        return refused, metrics.status_code

    refused, watched = client.portal.call(crowded)
    assert (refused.status_code, refused.json()["code"], watched) == (429, "overloaded", 200)
    assert client.post("/v1/ask", content="x").status_code == 415


def test_what_waited_too_long_is_refused_without_being_asked(opened: Open, engine: Engine) -> None:
    slow = SlowEngine(engine)
    client = opened(slow, threads=1, queue=50, queue_seconds=0.1)
    waiting_since: list[float] = []

    def settled() -> bool:
        if slow.asked == 1 and b"procqa_queue_waiting 4.0" in client.app.state.metrics.text():
            waiting_since.append(time.monotonic())
        return bool(waiting_since) and time.monotonic() - waiting_since[0] > 0.3

    got = client.portal.call(crowd, client, 5, slow.go.set, settled)
    assert sorted(response.status_code for response in got) == [200, 429, 429, 429, 429]
    assert slow.asked == 1
    assert client.post("/v1/ask", json=QUESTION).status_code == 200


def test_a_request_has_only_so_much_time_and_its_thread_is_not_lent_twice(opened: Open, engine: Engine) -> None:
    slow = SlowEngine(engine)
    client = opened(slow, threads=1, queue=1, queue_seconds=PATIENCE, request_seconds=0.2)
    response = client.post("/v1/ask", json=QUESTION)
    assert (response.status_code, response.json()["code"]) == (503, "timed_out")
    assert int(response.headers["retry-after"]) > 0
    # The thread is still at work although nobody waits for it: one more stands in its queue, the next finds it full.
    assert client.post("/v1/ask", json=QUESTION).json()["code"] == "timed_out"
    assert client.post("/v1/ask", json=QUESTION).json()["code"] == "overloaded"
    assert slow.asked == 1
    slow.go.set()


def test_stopping_waits_for_what_runs(engine: Engine, serve: Any) -> None:
    slow = SlowEngine(engine)
    with serve(create_app(lambda: slow, Settings(request_seconds=0.1))) as client:  # type: ignore[arg-type]
        client.wait_until_loaded()
        assert client.post("/v1/ask", json=QUESTION).status_code == 503
        threading.Timer(0.2, slow.go.set).start()
    assert not slow.closed_while_busy


def test_a_body_that_trickles_is_not_waited_for(opened: Open) -> None:
    client = opened(request_seconds=0.2)

    async def trickle() -> Any:
        for _ in range(40):
            yield b" "
            await anyio.sleep(0.05)

    # The body is asked for piece by piece, as a socket gives it.
    async def send() -> list[Message]:
        pieces, sent = trickle(), []
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"40")]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "method": "POST", "path": "/v1/ask", "headers": headers}
        scope |= {"query_string": b"", "scheme": "http", "root_path": "", "http_version": "1.1", "raw_path": b"/v1/ask"}

        async def receive() -> Message:
            return {"type": "http.request", "body": await anext(pieces), "more_body": True}

        async def note(message: Message) -> None:
            sent.append(message)

        await client.app(scope | {"client": ("127.0.0.1", 1), "server": ("localhost", 80)}, receive, note)
        return sent

    first = client.portal.call(send)[0]
    assert first["status"] == 408


def test_a_stream_that_takes_too_long_is_cut() -> None:
    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await anyio.sleep(0.01)

    async def note(message: Message) -> None:
        pass

    async def run() -> None:
        scope = {"type": "http", "headers": [], "state": {}}
        with pytest.raises(ServiceError, match="took too long"):
            await DeadlineMiddleware(endless, 0.1)(scope, note, note)  # type: ignore[arg-type]

    anyio.run(run)


def test_a_time_out_inside_the_work_is_not_mistaken_for_the_budget() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise TimeoutError

    async def run() -> None:
        with pytest.raises(TimeoutError):
            await DeadlineMiddleware(failing, 5)({"type": "http", "headers": []}, None, None)  # type: ignore[arg-type]

    anyio.run(run)


def test_the_queue_tells_how_long_each_waited() -> None:
    told: list[float] = []
    queue = WorkQueue(1, 10, 1.0, told.append)

    async def run() -> None:
        assert await queue.run(lambda: 3) == 3
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 // 0)

    anyio.run(run)
    queue.close()
    assert len(told) == 2
    assert all(0 <= seconds < 1 for seconds in told)
    assert queue.waiting == 0


def test_a_full_queue_takes_nothing() -> None:
    queue, go = WorkQueue(1, 1, PATIENCE), threading.Event()

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(queue.run, go.wait)
            await anyio.sleep(0.05)
            group.start_soon(queue.run, go.wait)
            await anyio.sleep(0.05)
            with pytest.raises(ServiceError) as refused:
                await queue.run(lambda: None)
            assert refused.value.kind.code == "overloaded"
            go.set()

    anyio.run(run)
    queue.close()


class Request:
    """What the HTTP server knows of a request."""

    def __init__(self, response_complete: bool) -> None:
        self.response_complete = response_complete


class Connection:
    """What the watch sees of a connection of the HTTP server."""

    def __init__(self, busy: bool = False, answered: bool = False) -> None:
        self.cycle: Any = Request(answered) if busy or answered else None
        self.closed = False
        self.transport = SimpleNamespace(abort=self._abort)

    def ask(self) -> None:
        self.cycle = Request(response_complete=True)

    def _abort(self) -> None:
        self.closed = True


def test_connections_that_ask_nothing_are_closed_and_busy_ones_are_not() -> None:
    silent, busy, done = Connection(), Connection(busy=True), Connection(busy=True)
    watch = IdleWatch([silent, busy, done], most=100)
    watch.look(0)
    done.cycle.response_complete = True
    watch.look(10)
    assert not silent.closed
    watch.look(15)
    assert [silent.closed, busy.closed, done.closed] == [True, False, False]
    watch.look(84)
    assert not done.closed
    watch.look(85)
    assert done.closed
    assert not busy.closed


def test_a_connection_that_asks_between_two_looks_is_not_idle() -> None:
    asking, asked_once = Connection(answered=True), Connection(answered=True)
    watch = IdleWatch([asking, asked_once], most=100)
    for second in range(80):
        watch.look(second)
        asking.ask()
    assert [asking.closed, asked_once.closed] == [False, True]


def test_when_there_are_too_many_the_longest_idle_go_first() -> None:
    everyone = [Connection() for _ in range(3)]
    watch = IdleWatch(everyone, most=4)
    watch.look(0)
    everyone += [Connection(), Connection(busy=True), Connection()]
    watch.look(1)
    assert [connection.closed for connection in everyone] == [True, True, False, False, False, False]


def test_the_limit_of_open_files_leaves_room_for_the_index() -> None:
    import resource

    most = raise_file_limit()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
    assert most >= 512
