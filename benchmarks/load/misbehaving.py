"""Clients that a service has to live with; each misbehaves again and again until it is cancelled."""

from __future__ import annotations

import asyncio
import random

from benchmarks.load.http import get, hang_up, post, question

Randomness = random.Random


async def trickle(port: int, chance: Randomness) -> None:
    """Send a request a byte a second: its head, or its body."""
    request = question("How long does it take?" * 20)
    until = request.index(b"\r\n\r\n") + 4 if chance.random() < 0.5 else 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request[:until])
        for place in range(until, len(request)):
            writer.write(request[place : place + 1])
            await writer.drain()
            await asyncio.sleep(1.0)
            if reader.at_eof():
                break
    finally:
        await hang_up(writer)


async def cut(port: int, chance: Randomness) -> None:
    """Hang up at some place of a request, or before the response."""
    request = question("When may I drive again after this operation?")
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request[: chance.randrange(1, len(request) + 1)])
    await asyncio.sleep(chance.random() * 0.2)
    writer.transport.abort()
    await asyncio.sleep(0.2)


async def huge(port: int, chance: Randomness) -> None:
    """Send a body far over the limit, with its length declared or in chunks without end."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        if chance.random() < 0.5:
            writer.write(head + b"Content-Length: 1000000000\r\n\r\n")
            piece = b"x" * 65536
        else:
            writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
            piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(200):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
    finally:
        await hang_up(writer)


async def malformed(port: int, chance: Randomness) -> None:
    """Send what is no HTTP, no JSON, or no question."""
    forms = [
        chance.randbytes(2000),
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        get("/" + "%00" * 1000),
        post("/v1/ask", b"[" * 100_000),
        post("/v1/ask", b'{"question": "\xff\xfe"}'),
        post("/v1/ask", b'{"question": 5, "question": null}'),
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(chance.choice(forms))
        async with asyncio.timeout(5):
            await reader.read(65536)
    finally:
        await hang_up(writer)
    await asyncio.sleep(0.1)


async def deaf(port: int, chance: Randomness) -> None:
    """Ask for large responses and read none of them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    try:
        for _ in range(200):
            writer.write(get("/openapi.json"))
            await asyncio.sleep(0.05)
            if writer.transport.is_closing():
                break
    finally:
        writer.transport.abort()
    await asyncio.sleep(0.5)


class Idle:
    """Holds so many connections open that ask nothing, and opens one again for each that the service closes."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._count = count
        self.open = 0
        self.most = 0
        self.closed = 0

    async def hold(self) -> None:
        """Hold them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for place in range(self._count):
                group.create_task(self._one())
                if place % 50 == 49:
                    await asyncio.sleep(0.05)

    async def _one(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1024)
            except OSError:
                await asyncio.sleep(1.0)
                continue
            self.open += 1
            self.most = max(self.most, self.open)
            try:
                await reader.read(1)
                self.closed += 1
            except OSError:
                self.closed += 1
            finally:
                self.open -= 1
                writer.close()
            await asyncio.sleep(1.0)


KINDS = {"slow": trickle, "cut": cut, "huge": huge, "malformed": malformed, "deaf": deaf}
