"""Token vectors of every passage, as int8 on disk: what late interaction compares a question's tokens with.

Three flat files, mapped from disk so that processes share them: `tokens.i8` (N rows of t numbers, each a unit vector's
part times 127), `token_lines.i2` (for each row the line of its passage that it belongs to, or CONTEXT for title and
heading), `token_starts.npy` (passage p owns rows starts[p] to starts[p + 1]). Bullets and the like are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.types import Passage

VECTORS, LINES, STARTS = "tokens.i8", "token_lines.i2", "token_starts.npy"
CONTEXT = -1
SCALE = 127.0

Bytes = NDArray[np.int8]
Owners = NDArray[np.int16]


def owned_tokens(encoded: Encoded, passage: Passage, prefix: int) -> tuple[Bytes, Owners]:
    """The tokens of an encoded passage as int8, and the line each belongs to.

    `prefix` is the number of code points before the passage's own words in the text that was encoded.
    """
    first = encoded.offsets[:, 0]
    place = first - prefix + passage.start
    starts = np.array([line.start for line in passage.lines])
    ends = np.array([line.end for line in passage.lines])
    line = np.searchsorted(starts, place, side="right") - 1
    inside = (first >= prefix) & (line >= 0) & (place < ends[np.maximum(line, 0)])
    owner = np.where(first < prefix, CONTEXT, line)
    keep = (first < prefix) | inside
    vectors = np.rint(encoded.tokens[keep] * SCALE).astype(np.int8)
    return vectors, owner[keep].astype(np.int16)


class TokenWriter:
    """Writes passages one after another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts = [0]

    def __enter__(self) -> Self:
        self._vectors = (self._folder / VECTORS).open("wb")
        self._lines = (self._folder / LINES).open("wb")
        return self

    def add(self, vectors: Bytes, lines: Owners) -> None:
        """Append the tokens of the next passage."""
        self._vectors.write(vectors.tobytes())
        self._lines.write(lines.astype("<i2").tobytes())
        self._starts.append(self._starts[-1] + len(lines))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._vectors.close()
        self._lines.close()
        np.save(self._folder / STARTS, np.array(self._starts, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of some passages: vectors (n, t), and for each its passage (a place in the rows asked for) and line."""

    vectors: FloatArray
    passages: Rows
    lines: Owners


class TokenIndex:
    """Reads token vectors of any passages; read only."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        self._starts = np.load(folder / STARTS)
        total = int(self._starts[-1])
        self._lines = _mapped(folder / LINES, np.dtype("<i2"), (total,))
        self._vectors = _mapped(folder / VECTORS, np.dtype(np.int8), (total, dimensions))

    def of(self, row: int) -> tuple[Bytes, Owners]:
        """The stored tokens of one passage."""
        part = slice(self._starts[row], self._starts[row + 1])
        return self._vectors[part], self._lines[part]

    def gather(self, rows: Rows) -> Tokens:
        """The tokens of some passages, in the order given."""
        counts = self._starts[rows + 1] - self._starts[rows]
        ends = np.cumsum(counts)
        places = np.arange(int(counts.sum())) - np.repeat(ends - counts - self._starts[rows], counts)
        vectors = self._vectors[places].astype(np.float32) / np.float32(SCALE)
        return Tokens(vectors, np.repeat(np.arange(len(rows)), counts), self._lines[places])


def _mapped(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if shape[0] == 0:
        return np.zeros(shape, dtype=kind)
    return np.memmap(path, dtype=kind, mode="r", shape=shape)
