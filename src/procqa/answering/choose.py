"""Which words of a section answer: the line that fits best, or all of them when all are asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from procqa.types import Line

# Wording that asks for every item: "what are the risks", "which tests", "anything that can go wrong", "how else".
_ASKS_FOR_LIST = re.compile(
    r"\b(?:(?<!waiting )list|what (?:are|were)(?! (?:the|my|his|her) (?:chances|odds))|"
    r"which (?!(?:is|was|has|does|this)\b)\w+s|which of|"
    r"what (?:kinds?|types?|sorts?)|(?:what|who|how|where) (?:else|all|other)|"
    r"(?:other|another|different) (?:ways?|options?|choices?|treatments?)|all (?:the|of)|every(?:thing|one|body)?|"
    r"go wrong|anything (?:that|i|we|he|she)|what (?:should|do|must|can) (?:i|we|he|she|they) (?:bring|pack|avoid)|"
    r"risks|dangers|complications|side effects|alternatives|options|(?:what|which|the) steps|benefits|reasons|causes|"
    r"symptoms|criteria|"
    r"who(?: is|'s|’s| are| will be|'ll be|’ll be) (?:in|on|there|present|about|around|involved))\b",
    re.IGNORECASE,
)
# In log odds: what such wording adds to what a question's vector tells, that it says the section's own name, and that
# it says nothing else beside the procedure's, as keywords do ("hernia repair recovery"; of 127 such questions of
# `eval/train/` two want one sentence). From how many on a list is given whole, and from how many on a section without
# one; from dev: where there is no list, one sentence is mostly enough.
WORDED, HEADED, ONLY_HEADED, WHOLE_LIST, WHOLE_SECTION = 1.0, 1.5, 6.0, 0.0, 2.5
# A section of more words is not given whole.
MOST_WORDS = 80


@dataclass(frozen=True, slots=True)
class SectionLine:
    """A line of a section with its words and how well it fits the question."""

    line: Line
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """The lines chosen from one section of one page, in page order, and the probability that they are right."""

    doc_id: str
    section: str
    lines: tuple[SectionLine, ...]
    confidence: float


def asks_for_all(question: str, told: float = 0.0, headed: float = 0.0, only: bool = False) -> float:
    """How surely all that a section lists is asked for rather than one fact, in log odds.

    `told` is what the heads tell of the question's vector (`Wording.whole`), 0 where there are none, and `headed` the
    share of the words of the section's name that the question says; `only` tells that it says no others beside the
    names of the procedure.
    """
    worded = _ASKS_FOR_LIST.search(question) is not None
    return told + WORDED * worded + HEADED * headed + ONLY_HEADED * (only and headed > 0)


def choose_lines(asked: float, lines: Sequence[SectionLine]) -> tuple[SectionLine, ...]:
    """The lines that answer, from all lines of a section in page order; `asked` is how surely all are asked for."""
    items = [place for place, item in enumerate(lines) if item.line.is_item]
    if items and asked > WHOLE_LIST:
        return _whole_list(lines, max(items, key=lambda place: (lines[place].score, -place)))
    if not items and asked > WHOLE_SECTION and sum(len(item.text.split()) for item in lines) <= MOST_WORDS:
        return tuple(lines)
    return one_line(asked, lines)


def one_line(asked: float, lines: Sequence[SectionLine]) -> tuple[SectionLine, ...]:
    """The line that fits best, whatever is asked for."""
    return (max(lines, key=lambda item: (item.score, -item.line.start)),)


def _whole_list(lines: Sequence[SectionLine], best: int) -> tuple[SectionLine, ...]:
    """The unbroken run of item lines around one of them."""
    first = last = best
    while first > 0 and lines[first - 1].line.is_item:
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].line.is_item:
        last += 1
    return tuple(lines[first : last + 1])
