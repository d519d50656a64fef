"""A bounded queue before a bounded number of threads, so that neither memory nor waiting grows with the load."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from procqa.service.kinds import OVERLOADED
from procqa.service.problems import ServiceError

T = TypeVar("T")


class WorkQueue:
    """Runs blocking work beside the event loop, first come, first served.

    What waits longer than `longest_wait` seconds is refused when its turn comes, without being run: under a load that
    the threads cannot keep up with, what is run was asked a moment ago, and its client is still there.
    """

    def __init__(
        self,
        threads: int,
        most_waiting: int,
        longest_wait: float,
        told: Callable[[float], None] | None = None,
        entered: Callable[[], None] | None = None,
    ) -> None:
        """`entered` is called for each piece of work that is to wait.

        `told` gets the seconds that it did when a thread takes it, also for one that is then refused.
        """
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="procqa")
        self._most_waiting = most_waiting
        self._longest_wait = longest_wait
        self._told = told
        self._entered = entered
        self._waiting = 0
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many pieces of work no thread has begun."""
        return self._waiting

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises ServiceError when too much waits already, or when its turn comes too late.

        A caller that is cancelled leaves its work to end by itself: a thread is never lent twice.
        """
        with self._lock:
            if self._waiting >= self._most_waiting:
                raise ServiceError(OVERLOADED)
            self._waiting += 1
        if self._entered is not None:
            self._entered()
        # The thread sees the request's context, so that traces know what belongs together.
        future = self._executor.submit(contextvars.copy_context().run, self._turn, work, time.monotonic())
        return await asyncio.shield(asyncio.wrap_future(future))

    def close(self) -> None:
        """Wait until all work has ended."""
        self._executor.shutdown()

    def _turn(self, work: Callable[[], T], asked: float) -> T:
        with self._lock:
            self._waiting -= 1
        waited = time.monotonic() - asked
        if self._told is not None:
            self._told(waited)
        if waited > self._longest_wait:
            raise ServiceError(OVERLOADED)
        return work()
