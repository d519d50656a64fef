"""As little of an HTTP client as a load needs, so that the load is the service's and not its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A response, by its status (0 for none) and the seconds that it took."""

    status: int
    seconds: float


def question(text: str) -> bytes:
    """A whole request to /v1/ask."""
    return post("/v1/ask", json.dumps({"question": text}).encode())


def post(path: str, body: bytes, kind: str = "application/json") -> bytes:
    """A whole request with a body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def get(path: str) -> bytes:
    """A whole request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Connections:
    """Keep-alive connections to one port, as many as are asked for at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, request: bytes) -> Outcome:
        """Send a request, on a new connection if none is free, and read the whole response."""
        began = time.perf_counter()
        status, reused = 0, True
        try:
            async with asyncio.timeout(PATIENCE):
                # One kept open may be closed by the service just as the request goes out; then it is sent anew, as
                # clients do (RFC 9112, 9.3.1).
                while not status and reused:
                    status, reused = await self._try(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            status = 0
        return Outcome(status, time.perf_counter() - began)

    async def _try(self, request: bytes) -> tuple[int, bool]:
        """The status, 0 for a kept connection that ended without a word, and whether it was a kept one."""
        async with self._lent() as (reader, writer, reused):
            writer.write(request)
            try:
                return await read_response(reader), reused
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                if reused and not getattr(error, "partial", b""):
                    writer.close()
                    return 0, True
                raise

    async def fetch(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; the status and the body of the response. Raises what goes wrong."""
        async with asyncio.timeout(PATIENCE), self._lent() as (reader, writer, _):
            writer.write(request)
            return await read_whole(reader)

    def close(self) -> None:
        """Close those that are free."""
        for _, writer in self._free:
            writer.close()
        self._free.clear()

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, bool]]:
        while self._free and self._free[-1][0].at_eof():  # closed by the service meanwhile
            self._free.pop()[1].close()
        reused = bool(self._free)
        pair = self._free.pop() if reused else await asyncio.open_connection("127.0.0.1", self._port)
        try:
            yield *pair, reused
        except BaseException:
            pair[1].close()
            raise
        if not pair[1].is_closing():
            self._free.append(pair)


async def read_response(reader: asyncio.StreamReader) -> int:
    """Read a response with a declared length; its status."""
    status, _ = await read_whole(reader)
    return status


async def read_whole(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read a response with a declared length; its status and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = head.partition("content-length:")[2].partition("\r\n")[0]
    body = await reader.readexactly(int(length))
    return int(head.split(" ", 2)[1]), body


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever state it is in."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
