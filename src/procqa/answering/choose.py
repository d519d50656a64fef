"""Which words of a section answer: the line that fits best, or the whole list when a list is asked for."""

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


def asks_for_list(question: str) -> bool:
    """Whether the wording asks for all items rather than one fact."""
    return _ASKS_FOR_LIST.search(question) is not None


def choose_lines(question: str, lines: Sequence[SectionLine]) -> tuple[SectionLine, ...]:
    """The lines that answer, from all lines of a section in page order."""
    items = [place for place, item in enumerate(lines) if item.line.is_item]
    wanted = items if asks_for_list(question) and items else list(range(len(lines)))
    best = max(wanted, key=lambda place: (lines[place].score, -place))
    return _whole_list(lines, best) if wanted is items else (lines[best],)


def one_line(question: str, lines: Sequence[SectionLine]) -> tuple[SectionLine, ...]:
    """The line that fits best, whatever the wording asks for."""
    return (max(lines, key=lambda item: (item.score, -item.line.start)),)


def _whole_list(lines: Sequence[SectionLine], best: int) -> tuple[SectionLine, ...]:
    """The unbroken run of item lines around one of them."""
    first = last = best
    while first > 0 and lines[first - 1].line.is_item:
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].line.is_item:
        last += 1
    return tuple(lines[first : last + 1])
