"""What a question asks (its focus) and all that was said around it (its context).

The procedure is often named long before the question proper: in the question before, or five sentences earlier in a
rambling message. So the page is looked for with the whole context, and the line with the focus alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from procqa.passages import split_lines
from procqa.retrieval.wording import parts, turns

# Messages of more words than this are searched for the sentence that asks.
_LONG_MESSAGE = 30
_ASKS = re.compile(
    r"^(?:\W*(?:so|and|but|also|please|pls|ok|my question is|question|just)\b[\s,:]*)*"
    r"(?:what|when|where|who|whom|whose|which|why|how|is|are|was|were|do|does|did|can|could|will|would|should|shall|"
    r"may|must|has|have|am|any|anyone|tell me|i want to know|wondering|i wonder)\b",
    re.IGNORECASE,
)
# A follow-up that only points elsewhere takes what it asks from the question before.
_POINTS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|right|oh|hm+|and|so|but|or)\W+)*(?:no|nope|sorry|oops|actually|i (?:meant|mean)|wait|hang on|"
    r"hold on|not (?:the|that)|(?:what|how) about|say|suppose|supposing|same (?:thing|question|again|for|with)|"
    r"(?:and|but|or) (?:for|with|if|in|to|when (?:it|they|he|she|i|we|you|the|one|someone))|"
    r"is (?:it|that|this) the same|is that also)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Query:
    """`focus` is what is asked; `context` everything said, oldest first; `said_before` the code points of the context
    that precede the question, which count less; `parts` the questions that the focus asks, when it asks several;
    `turns` tells whether it is worded as one about another procedure than the questions before."""

    focus: str
    context: str
    said_before: int = 0
    parts: tuple[str, ...] = ()
    turns: bool = False


def read_query(question: str, history: Sequence[str] = (), about: str = "") -> Query:
    """Split a question, and the earlier questions of its conversation (oldest first), into focus and context.

    `about` is the title of the page that the asker chose; it is as good as said.
    """
    before = "".join(f"{earlier}\n" for earlier in (*filter(None, [about]), *history))
    focus = _asking_part(question)
    turned = bool(history) and turns(question)
    if history and _POINTS.search(question):
        return Query(f"{_asking_part(history[-1])} {focus}", before + question, len(before), turns=turned)
    asked = tuple(parts(focus))
    return Query(focus, before + question, len(before), asked if len(asked) > 1 else (), turned)


def _asking_part(message: str) -> str:
    """The sentences of a long message that ask, or the whole message."""
    if len(message.split()) <= _LONG_MESSAGE:
        return message
    sentences = [message[line.start : line.end] for line in split_lines(message)]
    asking = [sentence for sentence in sentences if sentence.rstrip(" )\"'").endswith("?")]
    asking = asking or [sentence for sentence in sentences if _ASKS.search(sentence)]
    # The last one or two: what comes before is mostly how the writer got there.
    return " ".join(asking[-2:]) if asking else message
