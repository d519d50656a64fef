"""What was kept for long enough goes also while nobody asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from procqa.errors import ProcqaError

HOUR = 3600.0
logger = logging.getLogger(__name__)


@asynccontextmanager
async def forgetting(stores: Sequence[Callable[[], None]], every: float = HOUR) -> AsyncIterator[None]:
    """Call each at once, and again after so many seconds until the end, in a thread."""
    task = asyncio.create_task(_forget(stores, every))
    try:
        yield
    finally:
        task.cancel()


async def _forget(stores: Sequence[Callable[[], None]], every: float) -> None:
    while True:
        for forget_old in stores:
            try:
                await asyncio.to_thread(forget_old)
            except ProcqaError as error:
                logger.error("What is too old was not removed: %s", error)
        await asyncio.sleep(every)
