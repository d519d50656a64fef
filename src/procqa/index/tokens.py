"""Token vectors of many texts, as int8 on disk: what late interaction compares a question's tokens with.

Three flat files in a folder of their own, mapped from disk so that processes share them: `vectors.i8` (N rows of t
numbers, each a unit vector's part times 127), `lines.i2` (for each row the line of its passage that it belongs to, or
CONTEXT for title and heading), `starts.npy` (text p owns rows starts[p] to starts[p + 1]).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray, IntArray
from procqa.index.dense import Rows
from procqa.types import Passage

VECTORS, LINES, STARTS = "vectors.i8", "lines.i2", "starts.npy"
CONTEXT, OUTSIDE = -1, -2
SCALE = 127.0

Bytes = NDArray[np.int8]
Owners = NDArray[np.int16]


def owned_tokens(encoded: Encoded, passage: Passage, prefix: int) -> tuple[Bytes, Owners]:
    """The tokens of an encoded passage as int8, and the line each belongs to; those between lines are left out.

    `prefix` is the number of code points before the passage's own words in the text that was encoded.
    """
    owners = line_owners(encoded.offsets, passage, prefix)
    keep = owners >= CONTEXT
    return np.rint(encoded.tokens[keep] * SCALE).astype(np.int8), owners[keep]


def line_owners(offsets: IntArray, passage: Passage, prefix: int) -> Owners:
    """The line of each token of a passage's embedded text, CONTEXT before its own words, OUTSIDE between its lines."""
    # Told by its last character: some tokenizers begin a token with the white space before its word.
    last = offsets[:, 1] - 1
    place = last - prefix + passage.start
    starts = np.array([line.start for line in passage.lines])
    ends = np.array([line.end for line in passage.lines])
    line = np.searchsorted(starts, place, side="right") - 1
    inside = (line >= 0) & (place < ends[np.maximum(line, 0)])
    owners: Owners = np.where(last < prefix, CONTEXT, np.where(inside, line, OUTSIDE)).astype(np.int16)
    return owners


class TokenWriter:
    """Writes texts one after another into the folder `name`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name
        self._folder.mkdir()
        self._starts = [0]

    def __enter__(self) -> Self:
        self._files = ExitStack()  # closes both, also when one cannot write what it holds to a full disk
        self._vectors = self._files.enter_context((self._folder / VECTORS).open("wb"))
        self._lines = self._files.enter_context((self._folder / LINES).open("wb"))
        return self

    def add(self, vectors: Bytes, lines: Owners) -> None:
        """Append the tokens of the next text."""
        self._vectors.write(vectors.tobytes())
        self._lines.write(lines.astype("<i2").tobytes())
        self._starts.append(self._starts[-1] + len(lines))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()
        np.save(self._folder / STARTS, np.array(self._starts, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of some texts: vectors (n, t), and for each its text (a place in the rows asked for) and line.

    The vectors are `scale` times as long as unit ones: those read from disk stay the bytes that they are.
    """

    vectors: FloatArray | Bytes
    texts: Rows
    lines: Owners
    scale: float = 1.0


class TokenIndex:
    """Reads token vectors of any texts of the folder `name`; read only."""

    def __init__(self, folder: Path, name: str, dimensions: int) -> None:
        folder = folder / name
        self._starts = np.load(folder / STARTS)
        total = int(self._starts[-1])
        self._lines = _mapped(folder / LINES, np.dtype("<i2"), (total,))
        self._vectors = _mapped(folder / VECTORS, np.dtype(np.int8), (total, dimensions))

    def of(self, row: int) -> tuple[Bytes, Owners]:
        """The stored tokens of one text."""
        part = slice(self._starts[row], self._starts[row + 1])
        return self._vectors[part], self._lines[part]

    def gather(self, rows: Rows) -> Tokens:
        """The tokens of some texts, in the order given."""
        runs = [slice(begin, end) for begin, end in self._runs(rows)]
        return Tokens(
            np.concatenate([self._vectors[:0], *(self._vectors[run] for run in runs)]),
            np.repeat(np.arange(len(rows)), self._starts[rows + 1] - self._starts[rows]),
            np.concatenate([self._lines[:0], *(self._lines[run] for run in runs)]),
            SCALE,
        )

    def _runs(self, rows: Rows) -> Iterator[tuple[int, int]]:
        """Where the tokens of some texts stand; texts that follow each other, such as those of a page, in one run."""
        if len(rows):
            borders = np.flatnonzero(np.diff(rows) != 1) + 1
            begins = self._starts[rows[np.concatenate([[0], borders])]]
            ends = self._starts[rows[np.concatenate([borders - 1, [-1]])] + 1]
            yield from zip(begins.tolist(), ends.tolist(), strict=True)


def _mapped(path: Path, kind: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if shape[0] == 0:
        return np.zeros(shape, dtype=kind)
    # A plain array over the mapped file: taking parts of it costs a tenth of what it costs of a memmap.
    return np.asarray(np.memmap(path, dtype=kind, mode="r", shape=shape))
