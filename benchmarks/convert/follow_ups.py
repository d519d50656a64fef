"""The form of follow-up questions: {"id", "history": [...], "question", "rewrite"}, one a line.

`history` is what was asked before, oldest first, and `rewrite` a person's wording that stands without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FOLLOW_UPS_FILE = "follow-ups.jsonl"


def follow_up(item_id: str, history: Sequence[str], question: str, rewrite: str, **more: Any) -> dict[str, Any]:
    """A line of the file, its texts on one line each."""
    return {
        "id": item_id,
        "history": [one_line(text) for text in history],
        "question": one_line(question),
        "rewrite": one_line(rewrite),
        **more,
    }


def one_line(text: str) -> str:
    """The text with single spaces."""
    return " ".join(text.split())
