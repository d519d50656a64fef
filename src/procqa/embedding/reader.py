"""The exported reader, run by ONNX Runtime: it reads a question and a passage together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.embedding.onnx import TOKENIZER_FILE, EncoderCard, open_session
from procqa.embedding.pairs import Pair
from procqa.embedding.pieces import WordPieces

READER_FILE = "reader.onnx"
# What the heads say, in the order of their numbers.
HEADS = ("same_page", "right_section", "answered")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reader says of a passage, as log odds.

    `same_page`, `right_section` and `answered`: that it is on the page that was asked about, in the section that
    answers, and holds the answer. `lines[n]`: that its line n answers; -inf for a line of which no token was read.
    """

    same_page: float
    right_section: float
    answered: float
    lines: FloatArray


class Reader:
    """Reads a question beside passages with the model in reader.onnx."""

    def __init__(self, folder: Path, threads: int = 0, pieces: WordPieces | None = None) -> None:
        """Load the model; `threads` read one pair, 0 means one. Raises ModelError.

        `pieces` is its tokenizer where the encoder of the folder, which has the same, is loaded already.
        """
        self.pieces = pieces or WordPieces(folder / TOKENIZER_FILE, EncoderCard.load(folder).max_tokens)
        self._session = open_session(folder / READER_FILE, threads)

    def read(self, pair: Pair, lines: int) -> Verdict:
        """Read one pair whose passage has so many lines."""
        ids, types = np.array([pair.ids], dtype=np.int64), np.array([pair.types], dtype=np.int64)
        # One pair at a time: int8 scales are taken over a whole batch, and a verdict must not depend on its neighbours.
        heads, marks = self._session.run(None, {"input_ids": ids, "token_type_ids": types})
        same_page, right_section, answered = heads[0].tolist()
        return Verdict(same_page, right_section, answered, _by_line(marks[0], pair.owners, lines))


def _by_line(marks: FloatArray, owners: Sequence[int], lines: int) -> FloatArray:
    """The mean mark of each line's tokens."""
    owner = np.asarray(owners)
    own = owner >= 0
    tokens = np.bincount(owner[own], minlength=lines)
    totals = np.bincount(owner[own], weights=marks[own], minlength=lines)
    mean = np.where(tokens > 0, totals / np.maximum(tokens, 1), -np.inf)
    return mean.astype(np.float32)
