"""How many requests a client sent in a window that slides, counted by all processes of a service together."""

from __future__ import annotations

import math
import sqlite3
import time

from limits import RateLimitItem

from procqa.service.shared import Shared, SharedDatabase

_ADD = "INSERT INTO windows VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count"


class SlidingWindows:
    """Two counters of each client and limit: of the fixed window that runs, and of the one before it.

    Of the one before as much counts as a window that ends now still covers, the "sliding window counter" of
    https://limits.readthedocs.io/en/stable/strategies.html.
    """

    def __init__(self, shared: Shared, database: SharedDatabase) -> None:
        self._shared = shared
        self._database = database

    def hit(self, limit: RateLimitItem, *name: str, cost: int = 1) -> float:
        """Count `cost` requests of a client where the limit has room, and give 0; else the seconds to wait for room.

        To look and to count is one step, whichever process does it.
        """
        length, now = limit.get_expiry(), time.time()
        number, passed = int(now // length), now % length
        key = limit.key_for(*name)
        running = self._shared.pseudonym(f"{key}/{number}")
        with self._database.transaction() as connection:
            before = _count(connection, self._shared.pseudonym(f"{key}/{number - 1}"))
            count = _count(connection, running)
            left = length - passed
            if math.floor(before * left / length + count) + cost <= limit.amount:
                connection.execute(_ADD, (running, cost, (number + 2) * length))
                connection.execute("DELETE FROM windows WHERE until < ?", (now,))
                return 0.0
        # Until one request of the window before counts no longer, or until the running one is the one before.
        return min(left, left % (length / before)) if before else left


def _count(connection: sqlite3.Connection, name: bytes) -> int:
    row = connection.execute("SELECT count FROM windows WHERE name = ?", (name,)).fetchone()
    return row[0] if row else 0
