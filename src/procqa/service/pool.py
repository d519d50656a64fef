"""The engine of a running service: loaded and replaced in the background, and worked in a bounded pool of threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread

from procqa.engine import Engine
from procqa.live import LiveEngine
from procqa.service.problems import INDEX_UNAVAILABLE, NOT_READY, ServiceError

T = TypeVar("T")


class EnginePool:
    """Runs the blocking engine beside the event loop, at most `threads` calls at a time; the others wait."""

    def __init__(self, live: LiveEngine, threads: int) -> None:
        self.live = live
        self._limiter = anyio.CapacityLimiter(threads)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Start to load the engine, and close it at the end; the block is entered without waiting for it."""
        try:
            async with anyio.create_task_group() as loading:
                loading.start_soon(anyio.to_thread.run_sync, self.live.start)
                yield
        finally:
            self.live.close()

    @property
    def engine(self) -> Engine:
        """The engine that answers now, to read what it says of itself. Raises ServiceError while there is none."""
        return self._present(self.live.engine)

    async def run(self, work: Callable[[Engine], T]) -> T:
        """What `work` returns for the engine, from a thread of the pool. Raises ServiceError while there is none.

        The work has one engine from beginning to end, also when another snapshot takes over meanwhile.
        """

        def leased() -> T:
            with self.live.lease() as engine:
                return work(self._present(engine))

        self._present(self.live.engine)
        return await anyio.to_thread.run_sync(leased, limiter=self._limiter)

    def _present(self, engine: Engine | None) -> Engine:
        if engine is None:
            raise ServiceError(INDEX_UNAVAILABLE if self.live.refused else NOT_READY)
        return engine
