"""The Model Context Protocol over streamable HTTP at /mcp, and over standard input and output."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
from starlette.types import Receive, Scope, Send

from procqa.engine import Engine
from procqa.live import LiveEngine
from procqa.service.body_limit import MOST_BYTES
from procqa.service.pool import EnginePool
from procqa.service.work import WorkQueue

PATH, METHODS = "/mcp", ("POST",)
# What the protocol needs is imported when it is first spoken: it would take a second of every start, and 20 MB.
# One client at the other end of the pipe: it may wait for its own questions.
_STDIO_THREADS, _STDIO_WAITING, _STDIO_SECONDS = 2, 1000, 600.0


class McpDoor:
    """Answers each POST whole, without sessions, so that any process behind a balancer can; serves while `serving`.

    Hosts and origins are checked before requests come here, as for every other door.
    """

    def __init__(self, pool: EnginePool) -> None:
        self._pool = pool
        self._manager: Any = None
        self._starting = anyio.Lock()
        self._tasks: anyio.abc.TaskGroup | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Take requests within the block."""
        async with anyio.create_task_group() as self._tasks:
            yield
            self._tasks.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        assert self._tasks is not None, "requests come while the application runs"
        async with self._starting:
            if self._manager is None:
                manager = await anyio.to_thread.run_sync(_manager, self._pool)
                await self._tasks.start(_run, manager)
                self._manager = manager
        await self._manager.handle_request(scope, receive, send)


def _manager(pool: EnginePool) -> Any:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from procqa.service.tools import tool_server

    return StreamableHTTPSessionManager(
        tool_server(pool), json_response=True, stateless=True, max_request_body_size=MOST_BYTES
    )


async def _run(manager: Any, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    """Keep the manager running until cancelled."""
    async with manager.run():
        task_status.started()
        await anyio.sleep_forever()


def run_stdio(open_engine: Callable[[], Engine]) -> None:
    """Serve one client on standard input and output, until it closes them. Raises what opening the engine raises."""
    engine = open_engine()
    anyio.run(_serve_stdio, engine)


async def _serve_stdio(engine: Engine) -> None:
    from mcp.server.stdio import stdio_server

    from procqa.service.tools import tool_server

    pool = EnginePool(LiveEngine(lambda: engine), WorkQueue(_STDIO_THREADS, _STDIO_WAITING, _STDIO_SECONDS))
    server = tool_server(pool)
    async with pool.serving(), stdio_server() as (incoming, outgoing):
        while pool.live.engine is None:  # the engine is open already, and is only handed over in a thread
            await anyio.sleep(0.001)
        await server.run(incoming, outgoing, server.create_initialization_options())
