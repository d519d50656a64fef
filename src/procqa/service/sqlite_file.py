"""A small SQLite file that a service writes: made when it is first needed, and truly rid of what is removed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from procqa.errors import ProcqaError

_BUSY_SECONDS = 5.0


class StateError(ProcqaError):
    """What a service is told to keep cannot be written or read; the message says where."""


class SqliteFile:
    """The file and its schema; several processes may use it at a time."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection for one transaction, committed at the end. Raises StateError."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as connection:
                # What is removed is overwritten, so that it is nowhere on the disk.
                connection.execute("PRAGMA secure_delete = ON")
                connection.executescript(self._schema)
                with connection:
                    yield connection
        except (OSError, sqlite3.Error) as error:
            raise StateError(
                f"{self.path} cannot be used ({error}); let this user write its folder, or choose another with --state."
            ) from error
