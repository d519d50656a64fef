"""Work on several cores: as many texts at a time as there are cores, each in one thread from beginning to end."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import ThreadpoolController

T = TypeVar("T")
Result = TypeVar("Result")


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def at_once(threads: int) -> int:
    """How many texts are worked on at a time when each takes so many threads; 0 threads are one."""
    return max(1, cores() // max(1, threads))


def in_order(work: Callable[[T], Result], items: Iterable[T], threads: int) -> Iterator[Result]:
    """`work` of each item, in the order of the items, by some threads.

    No more than one result for each thread waits to be taken, so that memory does not grow with the items.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # whoever takes them has failed, or one of them has
            for future in waiting:
                future.cancel()


def one_thread_a_product() -> None:
    """Let numpy multiply matrices in the thread that asks, in all of this process.

    The helpers of its BLAS (OpenBLAS) go on spinning for some 25 ms after each product, in case that another comes: for
    a question, whose products take a millisecond, that takes a whole core away from the encoder.
    """
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)
