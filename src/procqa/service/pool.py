"""The engine of a running service: loaded in the background, and worked in a bounded pool of threads."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread

from procqa.engine import Engine
from procqa.errors import ProcqaError
from procqa.service.kinds import INDEX_UNAVAILABLE, NOT_READY
from procqa.service.problems import ServiceError
from procqa.service.work import WorkQueue
from procqa.types import Filters, IndexInfo, Reply

T = TypeVar("T")
# Hears of every question that was replied to: the questions before it, and the reply.
Listener = Callable[[Sequence[str], Reply], None]
logger = logging.getLogger(__name__)


class EnginePool:
    """Runs the blocking engine beside the event loop, as many calls at a time as its queue has threads."""

    def __init__(self, open_engine: Callable[[], Engine], queue: WorkQueue, listeners: Sequence[Listener] = ()) -> None:
        self._open = open_engine
        self._queue = queue
        self._listeners = listeners
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
            await anyio.to_thread.run_sync(self._queue.close)
            if self._engine is not None:
                self._engine.close()

    @property
    def engine(self) -> Engine:
        """The loaded engine. Raises ServiceError while there is none."""
        if self._engine is None:
            raise ServiceError(INDEX_UNAVAILABLE if self._failed else NOT_READY)
        return self._engine

    @property
    def info(self) -> IndexInfo | None:
        """The index in use, or None while there is none."""
        return None if self._engine is None else self._engine.info

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        filters: Filters | None = None,
        max_answers: int = 3,
        passages: int = 0,
    ) -> Reply:
        """What the engine replies; the one way to ask, so that every question is measured whichever door it took."""

        def work(engine: Engine) -> Reply:
            reply = engine.ask(question, history=history, filters=filters, max_answers=max_answers, passages=passages)
            for listener in self._listeners:
                listener(history, reply)
            return reply

        return await self.run(work)

    async def run(self, work: Callable[[Engine], T]) -> T:
        """What `work` returns for the engine. Raises ServiceError while there is none, or when too much waits."""
        engine = self.engine
        return await self._queue.run(lambda: work(engine))

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
