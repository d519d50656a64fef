"""What the processes of one service know together: a folder that lives as long as the service does.

In it are the metrics, a small database of who asked how much and what was answered lately, and a mark that remembered
replies are to be forgotten. No word of a question is there, and clients go by names that only this run can make. A
service of one process has no such folder: its database is in memory.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

# Windows of rates by client, as procqa.service.windows counts them, and procqa.service.recent's answers.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS windows (name BLOB PRIMARY KEY, count INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS windows_by_end ON windows (until);
CREATE TABLE IF NOT EXISTS recent (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, given TEXT NOT NULL);
"""
_BUSY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Shared:
    """The folder (None where one process is alone), how many share it, the number of this one, and a secret."""

    folder: Path | None = None
    count: int = 1
    number: int = 0
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)

    @classmethod
    def make(cls, folder: Path, count: int) -> Self:
        """What so many processes share, in a folder that is there, empty, and open to this user alone."""
        (folder / "metrics").mkdir()
        (folder / "forgotten").touch()
        return cls(folder, count)

    def of(self, number: int) -> Self:
        """The same for the process of that number."""
        return replace(self, number=number)

    @property
    def metrics(self) -> Path | None:
        """The folder in which every process counts."""
        return self.folder / "metrics" if self.folder else None

    def enter(self) -> None:
        """Say which process has this number."""
        if self.folder:
            new = self.folder / f"{self.number}.new"
            new.write_text(str(os.getpid()), encoding="ascii")
            new.replace(self.folder / f"{self.number}.pid")

    def processes(self) -> Mapping[int, int]:
        """The process id of each number; empty where one process is alone."""
        if self.folder is None:
            return {}
        return {int(path.stem): int(path.read_text(encoding="ascii")) for path in sorted(self.folder.glob("*.pid"))}

    def forget_replies(self) -> None:
        """Tell every process to forget the replies that it remembers."""
        if self.folder:
            with (self.folder / "forgotten").open("ab") as file:
                file.write(b"\n")

    def forgotten(self) -> int:
        """How often that was told."""
        return (self.folder / "forgotten").stat().st_size if self.folder else 0

    def pseudonym(self, name: str) -> bytes:
        """A client's name in a form that is of no use outside of this run."""
        return hashlib.blake2b(name.encode(), key=self.secret, digest_size=16).digest()

    def database(self) -> SharedDatabase:
        """The database, opened for this process."""
        return SharedDatabase(self.folder / "shared.sqlite" if self.folder else None)


class SharedDatabase:
    """One connection of this process, opened by its first use and used by one of its threads at a time."""

    def __init__(self, path: Path | None) -> None:
        """Without a path it is in memory."""
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, alone in writing among all processes; what fails is undone."""
        with self._lock:
            connection = self._connection = self._connection or self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def close(self) -> None:
        """Give back the file."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # Nothing in it outlives the service, so that nothing waits for the disk.
        for pragma in ("journal_mode = WAL", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.executescript(_SCHEMA)
        return connection
