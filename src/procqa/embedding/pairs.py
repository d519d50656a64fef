"""A question and a passage as one input of the reader: question first, then title, heading and text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Of a longer question the beginning, which names the procedure, and the part that asks are read.
QUESTION_TOKENS = 64
_NO_LINE = -1


@dataclass(frozen=True, slots=True)
class Pair:
    """n tokens: their `ids`, `types` (0 in the question, 1 in the passage) and the line that each belongs to.

    `owners` has the line's number in the passage, a negative number for a token of no line.
    """

    ids: tuple[int, ...]
    types: tuple[int, ...]
    owners: tuple[int, ...]


def pair(question: Sequence[int], passage: Sequence[int], owners: Sequence[int]) -> Pair:
    """Join a question (without special tokens) and a passage (with one at each end) with the line of each token."""
    head = (passage[0], *question, passage[-1])
    return Pair(
        (*head, *passage[1:]),
        (0,) * len(head) + (1,) * (len(passage) - 1),
        (_NO_LINE,) * len(head) + tuple(owners[1:]),
    )


def shortened(context: Sequence[int], focus: Sequence[int]) -> tuple[int, ...]:
    """The tokens of a question that are read, from all that was said and the part of it that asks."""
    if len(context) <= QUESTION_TOKENS:
        return tuple(context)
    focus = tuple(focus)[-QUESTION_TOKENS:]
    return (*tuple(context)[: QUESTION_TOKENS - len(focus)], *focus)
