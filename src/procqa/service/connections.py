"""Connections that ask nothing: closed after a while, and the oldest first when there are too many.

The HTTP server has a time-out only between two requests, and only until the first byte of the next one.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections.abc import Collection
from typing import Any
from weakref import WeakKeyDictionary, ref

# Of a connection on which nothing was asked yet, and of one between two requests: longer than proxies keep theirs, so
# that none sends a request just when it is closed.
SILENT_SECONDS, KEEP_ALIVE_SECONDS = 15.0, 75.0
_LOOK_SECONDS = 1.0
# Files that a process needs beside its connections: the index, libraries, logs.
_OTHER_FILES = 256
_FEW = 512
logger = logging.getLogger(__name__)


def raise_file_limit() -> int:
    """Allow this process as many open files as the system lets it; how many connections that leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(_FEW, hard - _OTHER_FILES) if hard != resource.RLIM_INFINITY else 1_000_000


class IdleWatch:
    """Looks once a second at the connections of a running server."""

    def __init__(self, connections: Collection[Any], most: int) -> None:
        """`connections` is the server's own live set of protocols, `most` how many there may be."""
        self._connections = connections
        self._most = most
        # Since when each has been idle, and after which request: one that was answered between two looks is another.
        self._idle: WeakKeyDictionary[Any, tuple[float, ref[Any] | None]] = WeakKeyDictionary()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Close what has been idle for too long at this moment, and the longest idle of what is too much."""
        idle = []
        for connection in list(self._connections):
            if is_busy(connection):
                self._idle.pop(connection, None)
            else:
                idle.append((self._idle_since(connection, now), connection))
        idle.sort(key=lambda item: item[0])
        too_many = len(self._connections) - self._most
        closed = 0
        for place, (since, connection) in enumerate(idle):
            patience = SILENT_SECONDS if connection.cycle is None else KEEP_ALIVE_SECONDS
            if place < too_many or now - since >= patience:
                # At once: a client that does not read would keep a polite farewell waiting for ever.
                connection.transport.abort()
                closed += 1
        if closed:
            logger.debug("Closed %d idle connections.", closed)

    def _idle_since(self, connection: Any, now: float) -> float:
        """When it was first seen idle after its last request, or now."""
        request = None if connection.cycle is None else ref(connection.cycle)
        since, last = self._idle.setdefault(connection, (now, request))
        if request != last:
            since, _ = self._idle[connection] = now, request
        return since


def is_busy(connection: Any) -> bool:
    """Whether a request is being answered on it. One whose head has not arrived whole does not count."""
    return connection.cycle is not None and not connection.cycle.response_complete
