"""What people said of answers.

A rating says nothing of its sender. Words of theirs (a question, a comment) can hold health information, so they are
kept only where the operator keeps questions at all, and only for as many days.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from procqa.service.sqlite_file import SqliteFile

FILE = "feedback.sqlite"
# Ratings beyond so many push out the oldest, so that nobody fills the disk with them.
MOST_KEPT = 100_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    id TEXT PRIMARY KEY, at TEXT NOT NULL, rating TEXT NOT NULL, reason TEXT, comment TEXT, question TEXT,
    history TEXT NOT NULL DEFAULT '[]', given TEXT);
CREATE INDEX IF NOT EXISTS feedback_by_time ON feedback (at);
"""
_COLUMNS = "id, at, rating, reason, comment, question, history, given"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What was said of one answer.

    `given` is what the answer was, as `recent.given` has it; None when the service no longer knew.
    """

    id: str  # of the answer
    at: str  # ISO 8601, UTC
    rating: str
    reason: str | None
    comment: str | None
    question: str | None
    history: tuple[str, ...]
    given: Mapping[str, Any] | None


class FeedbackStore:
    """The file in the folder of state, made by the first feedback. `days` is how long words are kept; 0 not at all."""

    def __init__(self, state: Path, days: int) -> None:
        self._file = SqliteFile(state / FILE, _SCHEMA)
        self._days = days

    def add(self, feedback: Feedback) -> Feedback:
        """Keep it, in place of what was said of the same answer before; what was kept of it. Raises StateError."""
        kept = feedback if self._days > 0 else replace(feedback, comment=None, question=None, history=())
        history = json.dumps(kept.history, ensure_ascii=False)
        given = json.dumps(kept.given, ensure_ascii=False) if kept.given else None
        row = (kept.id, kept.at, kept.rating, kept.reason, kept.comment, kept.question, history, given)
        with self._file.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO feedback VALUES (?,?,?,?,?,?,?,?)", row)
            connection.execute(
                "DELETE FROM feedback WHERE id IN (SELECT id FROM feedback ORDER BY at DESC LIMIT -1 OFFSET ?)",
                (MOST_KEPT,),
            )
            self._forget_old(connection)
        return kept

    def forget_old(self) -> None:
        """Blank the words that have been kept for long enough; all of them when none are to be kept."""
        if self._file.path.exists():
            with self._file.transaction() as connection:
                self._forget_old(connection)

    def remove(self, answer_id: str) -> bool:
        """Remove what was said of an answer; False when there is nothing. Raises StateError."""
        if not self._file.path.exists():
            return False
        with self._file.transaction() as connection:
            return connection.execute("DELETE FROM feedback WHERE id = ?", (answer_id,)).rowcount > 0

    def all(self) -> list[Feedback]:
        """Everything kept, oldest first. Raises StateError."""
        if not self._file.path.exists():
            return []
        with self._file.transaction() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM feedback ORDER BY at, id").fetchall()  # noqa: S608
        return [_feedback(row) for row in rows]

    def _forget_old(self, connection: sqlite3.Connection) -> None:
        until = (datetime.now(UTC) - timedelta(days=self._days)).isoformat()
        connection.execute(
            "UPDATE feedback SET comment = NULL, question = NULL, history = '[]' "
            "WHERE at < ? AND (comment IS NOT NULL OR question IS NOT NULL OR history != '[]')",
            (until,),
        )


def now() -> str:
    """This moment, as feedback notes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _feedback(row: tuple[Any, ...]) -> Feedback:
    answer_id, at, rating, reason, comment, question, history, given = row
    told = json.loads(given) if given else None
    return Feedback(answer_id, at, rating, reason, comment, question, tuple(json.loads(history)), told)
