"""What a search found: passages with their scores and signals, and the lines of each with theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray, IntArray
from procqa.index.dense import Rows


@dataclass(frozen=True, slots=True)
class ScoredLine:
    """A line of a passage and how well it fits the question."""

    number: int  # of the line in its passage
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """Passages for a question, best first: `scores[i]` and `signals[name][i]` belong to passage `rows[i]`.

    `lines[i]` are the lines of passage i with their scores, in page order; `context` is all that was said, encoded, and
    `focus` what is asked (where nothing is found, the context).
    """

    rows: Rows
    scores: FloatArray
    signals: Mapping[str, FloatArray]
    lines: Sequence[tuple[ScoredLine, ...]]
    focus: Encoded
    context: Encoded

    def __len__(self) -> int:
        return len(self.rows)

    def blended(self, other: Found, weight: float) -> Found:
        """The same passages ordered by the sum of these scores and `weight` times those of another search for them."""
        place_of = {row: place for place, row in enumerate(other.rows.tolist())}
        lines = [
            tuple(
                ScoredLine(line.number, line.score + weight * beside.score)
                for line, beside in zip(own, other.lines[place_of[row]], strict=True)
            )
            for row, own in zip(self.rows.tolist(), self.lines, strict=True)
        ]
        scores = np.array([max(line.score for line in own) for own in lines], dtype=np.float32)
        order = np.lexsort((self.rows, -scores))
        signals = {name: values[order] for name, values in self.signals.items()}
        return Found(
            self.rows[order], scores[order], signals, tuple(lines[place] for place in order), self.focus, self.context
        )


def nothing_found(context: Encoded) -> Found:
    """No passage at all."""
    return Found(np.zeros(0, np.int64), np.zeros(0, np.float32), {}, (), context, context)


class ScoredLines(Sequence[tuple[ScoredLine, ...]]):
    """The lines of passages, kept as columns: few of some thousand are ever looked at."""

    def __init__(self, numbers: IntArray, scores: FloatArray, starts: Rows, order: Rows) -> None:
        """Passage i has the lines from starts[order[i]] on, up to where the next one's start."""
        self._numbers, self._scores, self._starts, self._order = numbers, scores, starts, order

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> tuple[ScoredLine, ...]: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[ScoredLine, ...], ...]: ...

    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        passage = self._order[place]
        part = slice(self._starts[passage], self._starts[passage + 1])
        return tuple(map(ScoredLine, self._numbers[part].tolist(), self._scores[part].tolist()))
