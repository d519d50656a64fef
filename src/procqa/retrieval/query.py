"""What a question asks (its focus) and all that was said around it (its context).

The procedure is often named long before the question proper: in the question before, or five sentences earlier in a
rambling message. So the page is looked for with the whole context, and the line with the focus alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from procqa.passages import split_lines
from procqa.retrieval.wording import asks, ends_asking, parts, turns

# The messages before a question that are followed one by one; those before them are read as one text.
FOLLOWED = 2
# Messages of more words than this are searched for the sentence that asks.
_LONG_MESSAGE = 30
_ASKS = re.compile(
    r"^\W*(?:(?:so|and|but|also|please|pls|ok|my question is|question|just)\b\W*)*"
    r"(?:what|when|where|who|whom|whose|which|why|how|is|are|was|were|do|does|did|can|could|will|would|should|shall|"
    r"may|must|has|have|am|any|anyone|tell me|i want to know|wondering|i wonder)\b",
    re.IGNORECASE,
)
# A follow-up that only points elsewhere takes what it asks from a question before.
_LEAD = r"^\W*(?:(?:ok(?:ay)?|right|oh|ah|ugh|hm+|and|so|but|or)\W+)*"
_POINTS = re.compile(
    rf"{_LEAD}(?:not (?:the|that)|(?:what|how) about|say|suppose|supposing|same (?:thing|question|again|for|with)|"
    r"(?:and|but|or) (?:for|with|if|in|to|when (?:it|they|he|she|i|we|you|the|one|someone))|"
    r"is (?:it|that|this) the same|is that also)\b",
    re.IGNORECASE,
)
# So does one that corrects or turns, unless it asks something itself.
_CORRECTS = re.compile(
    rf"{_LEAD}(?:no(?!\s+(?:\w+ing|food|drink|worries|problem|need)\b)|nope|sorry|oops|actually|i (?:meant|mean)|wait|"
    r"hang on|hold on|mine(?:['’]?s| is)|my mistake|i got (?:it|that) wrong)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Query:
    """`focus` is what is asked; `context` everything said, oldest first; `said_before` the code points of the context
    that precede the question, which count less, and `earlier` the messages that these are; `before` is the last of
    those, with what had been said before it; `parts` are the questions that the focus asks, when it asks several;
    `turns` tells how clearly it is worded as one about another procedure than the questions before, as
    `wording.turns`."""

    focus: str
    context: str
    said_before: int = 0
    parts: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    turns: int = 0
    before: Query | None = None

    @property
    def conversation(self) -> list[Query]:
        """The messages that are followed, each with what was said before it, oldest first and this one last."""
        return [*(self.before.conversation if self.before else []), self]

    @property
    def alone(self) -> Query:
        """The question as if nothing had been said before it."""
        return read_query(self.context[self.said_before :]) if self.said_before else self


def read_query(question: str, history: Sequence[str] = (), about: str = "", followed: int = FOLLOWED) -> Query:
    """Split a question, and the earlier questions of its conversation (oldest first), into focus and context.

    `about` is the title of the page that the asker chose; it is as good as said. So many of the messages before are
    `followed` one by one.
    """
    earlier = (*filter(None, [about]), *history)
    before = "".join(f"{message}\n" for message in earlier)
    focus = _asking_part(question)
    turned = turns(question) if history else 0
    last = read_query(history[-1], history[:-1], about, followed - 1) if history and followed else None
    if history and _points(question):
        focus = f"{_asking_part(_asked_before(history))} {focus}"
        return Query(focus, before + question, len(before), (), earlier, turned, last)
    asked = tuple(parts(focus))
    return Query(focus, before + question, len(before), asked if len(asked) > 1 else (), earlier, turned, last)


def _points(question: str) -> bool:
    """Whether a follow-up only tells of what the question before is asked."""
    if _POINTS.search(question):
        return True
    return not asks(question) and (_CORRECTS.search(question) is not None or turns(question) > 0)


def _asked_before(history: Sequence[str]) -> str:
    """The last message that asks something by itself, or the last."""
    asking = (
        message for message in reversed(history) if ("?" in message or _ASKS.search(message)) and not _points(message)
    )
    return next(asking, history[-1])


def _asking_part(message: str) -> str:
    """The sentences of a long message that ask, or the whole message."""
    if len(message.split()) <= _LONG_MESSAGE:
        return message
    sentences = [message[line.start : line.end] for line in split_lines(message)]
    asking = [sentence for sentence in sentences if ends_asking(sentence)]
    asking = asking or [sentence for sentence in sentences if _ASKS.search(sentence)]
    # The last one or two: what comes before is mostly how the writer got there.
    return " ".join(asking[-2:]) if asking else message
