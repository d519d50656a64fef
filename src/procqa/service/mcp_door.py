"""The Model Context Protocol over streamable HTTP at /mcp, and over standard input and output."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from procqa.engine import Engine
from procqa.live import LiveEngine
from procqa.service.body_limit import MOST_BYTES
from procqa.service.pool import EnginePool
from procqa.service.tools import tool_server
from procqa.service.work import WorkQueue

PATH, METHODS = "/mcp", ("POST",)
# One client at the other end of the pipe: it may wait for its own questions.
_STDIO_THREADS, _STDIO_WAITING, _STDIO_SECONDS = 2, 1000, 600.0


class McpDoor:
    """Answers each POST whole, without sessions, so that any process behind a balancer can; serves while `serving`.

    Hosts and origins are checked before requests come here, as for every other door.
    """

    def __init__(self, pool: EnginePool) -> None:
        self._server = tool_server(pool)
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Take requests within the block."""
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=MOST_BYTES
        )
        async with manager.run():
            self._manager = manager
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        assert self._manager is not None, "requests come while the application runs"
        await self._manager.handle_request(scope, receive, send)


def run_stdio(open_engine: Callable[[], Engine]) -> None:
    """Serve one client on standard input and output, until it closes them. Raises what opening the engine raises."""
    engine = open_engine()
    anyio.run(_serve_stdio, engine)


async def _serve_stdio(engine: Engine) -> None:
    pool = EnginePool(LiveEngine(lambda: engine), WorkQueue(_STDIO_THREADS, _STDIO_WAITING, _STDIO_SECONDS))
    server = tool_server(pool)
    async with pool.serving(), stdio_server() as (incoming, outgoing):
        while pool.live.engine is None:  # the engine is open already, and is only handed over in a thread
            await anyio.sleep(0.001)
        await server.run(incoming, outgoing, server.create_initialization_options())
