"""The engine of a running service: loaded in the background, and worked in a bounded pool of threads."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread

from procqa.engine import Engine
from procqa.errors import ProcqaError
from procqa.service.problems import INDEX_UNAVAILABLE, NOT_READY, ServiceError

T = TypeVar("T")
logger = logging.getLogger(__name__)


class EnginePool:
    """Runs the blocking engine beside the event loop, at most `threads` calls at a time; the others wait."""

    def __init__(self, open_engine: Callable[[], Engine], threads: int) -> None:
        self._open = open_engine
        self._limiter = anyio.CapacityLimiter(threads)
        self._engine: Engine | None = None
        self._failed = False

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Start to load the engine, and close it at the end; the block is entered without waiting for it."""
        try:
            async with anyio.create_task_group() as loading:
                loading.start_soon(anyio.to_thread.run_sync, self._load)
                yield
        finally:
            if self._engine is not None:
                self._engine.close()

    @property
    def engine(self) -> Engine:
        """The loaded engine. Raises ServiceError while there is none."""
        if self._engine is None:
            raise ServiceError(INDEX_UNAVAILABLE if self._failed else NOT_READY)
        return self._engine

    async def run(self, work: Callable[[Engine], T]) -> T:
        """What `work` returns for the engine, from a thread of the pool. Raises ServiceError while there is none."""
        engine = self.engine
        return await anyio.to_thread.run_sync(lambda: work(engine), limiter=self._limiter)

    def _load(self) -> None:
        try:
            self._engine = self._open()
        except ProcqaError as error:
            self._failed = True
            logger.error("The index cannot be loaded: %s", error)
        except Exception:
            # Whatever breaks the load, /readyz has to say so instead of promising readiness for ever.
            self._failed = True
            logger.exception("The index cannot be loaded.")
        else:
            logger.info("The index %s is loaded.", self._engine.info.version)
