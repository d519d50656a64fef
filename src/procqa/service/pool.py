"""The engine of a running service: loaded and replaced in the background, and worked in a bounded pool of threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread

from procqa.engine import Engine
from procqa.live import LiveEngine
from procqa.service.kinds import INDEX_UNAVAILABLE, NOT_READY
from procqa.service.problems import ServiceError
from procqa.service.remembered import RememberedReplies
from procqa.service.work import WorkQueue
from procqa.types import Filters, Reply

T = TypeVar("T")
# Hears of every question that was replied to: the questions before it, and the reply.
Listener = Callable[[Sequence[str], Reply], None]


class EnginePool:
    """Runs the blocking engine beside the event loop, as many calls at a time as its queue has threads."""

    def __init__(
        self,
        live: LiveEngine,
        queue: WorkQueue,
        listeners: Sequence[Listener] = (),
        remembered: RememberedReplies | None = None,
    ) -> None:
        """`remembered` are the last replies, which are given again when the same is asked; None remembers nothing."""
        self.live = live
        self.remembered = RememberedReplies(0) if remembered is None else remembered
        self._queue = queue
        self._listeners = listeners

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Start to load the engine, and close it at the end; the block is entered without waiting for it."""
        try:
            async with anyio.create_task_group() as loading:
                loading.start_soon(anyio.to_thread.run_sync, self.live.start)
                yield
        finally:
            await anyio.to_thread.run_sync(self._queue.close)
            self.live.close()

    @property
    def engine(self) -> Engine:
        """The engine that answers now, to read what it says of itself. Raises ServiceError while there is none."""
        return self._present(self.live.engine)

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
            reply = self.remembered.ask(
                engine, question, history=history, filters=filters, max_answers=max_answers, passages=passages
            )
            for listener in self._listeners:
                listener(history, reply)
            return reply

        return await self.run(work)

    async def run(self, work: Callable[[Engine], T]) -> T:
        """What `work` returns for the engine. Raises ServiceError while there is none, or when too much waits.

        The work has one engine from beginning to end, also when another snapshot takes over meanwhile.
        """

        def leased() -> T:
            with self.live.lease() as engine:
                return work(self._present(engine))

        self._present(self.live.engine)
        return await self._queue.run(leased)

    def _present(self, engine: Engine | None) -> Engine:
        if engine is None:
            raise ServiceError(INDEX_UNAVAILABLE if self.live.refused else NOT_READY)
        return engine
