"""What the service answered lately, without the questions, to tie feedback to the words that it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from procqa.service.shared import SharedDatabase
from procqa.types import Reply

MOST_REMEMBERED = 4096


class RecentAnswers:
    """The latest replies of all processes by their id, each as `given` tells it; safe to use from several threads."""

    def __init__(self, database: SharedDatabase, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._database = database

    def hear(self, history: Sequence[str], reply: Reply) -> None:
        """Remember a reply, and forget the oldest beyond the most; what was asked is not remembered."""
        told = json.dumps(given(reply), ensure_ascii=False)
        with self._database.transaction() as connection:
            added = connection.execute("INSERT OR REPLACE INTO recent (id, given) VALUES (?, ?)", (reply.id, told))
            connection.execute("DELETE FROM recent WHERE number <= ?", ((added.lastrowid or 0) - self._most,))

    def get(self, answer_id: str) -> Mapping[str, Any] | None:
        """What was answered, or None when it is forgotten or never was."""
        with self._database.transaction() as connection:
            row = connection.execute("SELECT given FROM recent WHERE id = ?", (answer_id,)).fetchone()
        return json.loads(row[0]) if row else None


def given(reply: Reply) -> Mapping[str, Any]:
    """The outcome and where the best answer's words stand: words of the pages only, none of the asker's."""
    first = reply.answers[0] if reply.answers else None
    cited = {citation.id: citation for citation in reply.citations}
    places = [cited[span.citation] for span in first.spans] if first else []
    return {
        "status": reply.status.value,
        "reason": reply.abstention.reason.value if reply.abstention else None,
        "index": reply.index.version,
        "relevant": [
            {"doc_id": doc_id, "section": section}
            for doc_id, section in dict.fromkeys((place.doc_id, place.section) for place in places)
        ],
        "quotes": [place.exact for place in places],
    }
