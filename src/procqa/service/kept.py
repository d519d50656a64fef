"""The questions that a service was asked, where its operator switched on that they are kept, and for how long."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from procqa.service.sqlite_file import SqliteFile, StateError
from procqa.types import Reply

FILE = "questions.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS questions (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, question TEXT NOT NULL, history TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT, confidence REAL, pages TEXT NOT NULL, index_version TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS questions_by_time ON questions (at);
"""
_COLUMNS = ("id", "at", "question", "history", "status", "reason", "confidence", "pages", "index_version")
logger = logging.getLogger(__name__)


class KeptQuestions:
    """The file in the folder of state. `days` is how long a question stays; with 0 none is kept, and old ones go."""

    def __init__(self, state: Path, days: int) -> None:
        self._file = SqliteFile(state / FILE, _SCHEMA)
        self._days = days

    def hear(self, history: Sequence[str], reply: Reply) -> None:
        """Keep a question with the outcome. It was answered, so that a full disk is only logged."""
        if self._days == 0:
            return
        row = (
            reply.id,
            datetime.now(UTC).isoformat(timespec="seconds"),
            reply.question,
            json.dumps(list(history), ensure_ascii=False),
            reply.status.value,
            reply.abstention.reason.value if reply.abstention else None,
            reply.answers[0].confidence if reply.answers else None,
            json.dumps(sorted({citation.doc_id for citation in reply.citations})),
            reply.index.version,
        )
        try:
            with self._file.transaction() as connection:
                connection.execute("INSERT OR REPLACE INTO questions VALUES (?,?,?,?,?,?,?,?,?)", row)
                connection.execute("DELETE FROM questions WHERE at < ?", (self._oldest(),))
        except StateError as error:
            logger.error("A question is not kept: %s", error)

    def forget_old(self) -> None:
        """Remove what has been kept for long enough: everything, when the switch is off. Raises StateError."""
        if self._days == 0:
            self.remove_all()
        else:
            self._remove("at < ?", (self._oldest(),))

    def remove(self, answer_id: str) -> bool:
        """Remove the question of an answer; False when there is none. Raises StateError."""
        return self._remove("id = ?", (answer_id,)) > 0

    def remove_all(self) -> int:
        """Remove every question, and tell how many there were. Raises StateError."""
        return self._remove("1 = 1", ())

    def all(self) -> Iterator[dict[str, Any]]:
        """Every question kept, the oldest first, as an object for JSON. Raises StateError."""
        if not self._file.path.exists():
            return
        with self._file.transaction() as connection:
            for row in connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM questions ORDER BY at, id"):  # noqa: S608
                told = dict(zip(_COLUMNS, row, strict=True))
                yield {**told, "history": json.loads(told["history"]), "pages": json.loads(told["pages"])}

    def _remove(self, condition: str, values: tuple[str, ...]) -> int:
        if not self._file.path.exists():
            return 0
        with self._file.transaction() as connection:
            return connection.execute(f"DELETE FROM questions WHERE {condition}", values).rowcount  # noqa: S608

    def _oldest(self) -> str:
        return (datetime.now(UTC) - timedelta(days=self._days)).isoformat(timespec="seconds")
