"""The text of a question as it is read: checked, and in one form of Unicode."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from procqa.errors import QuestionError

LONGEST_QUESTION = 4000


def checked(question: str) -> str:
    """A question in the form that is read. Raises QuestionError for an empty or overlong one, and for no Unicode."""
    text = _unicode(question).strip()
    if not text:
        raise QuestionError("The question is empty; ask something.")
    # As the asker counts them: the form that is read may be longer.
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(f"The question has {len(text)} characters; at most {LONGEST_QUESTION} are read.")
    return unicodedata.normalize("NFC", text)


def all_checked(history: Sequence[str]) -> list[str]:
    """Earlier questions in the form that is read; they may be empty or long. Raises QuestionError for no Unicode."""
    return [unicodedata.normalize("NFC", _unicode(message)) for message in history]


def _unicode(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise QuestionError("The question is not valid Unicode text.") from None
    return text
