"""The protocol that the index and the engine need of an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text as vectors.

    `vector` is (d,), of unit length. `tokens` is (n, t), each row of unit length, and `offsets` is (n, 2): the
    code points of the text that each token covers. Special tokens are left out.
    """

    vector: FloatArray
    tokens: FloatArray
    offsets: IntArray


class TokenCounter(Protocol):
    """What splitting a page needs to know of a model."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text, special ones not counted, the model reads at once."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The model's own tokens in each text, special ones not counted."""


class Encoder(TokenCounter, Protocol):
    """Turns texts into vectors; the same text always gives the same vectors. Several threads use it at once."""

    @property
    def name(self) -> str:
        """What the index calls the model."""

    @property
    def dimensions(self) -> int:
        """The length d of every vector."""

    @property
    def token_dimensions(self) -> int:
        """The length t of every token vector."""

    def encode_documents(self, texts: Sequence[str]) -> list[Encoded]:
        """Encode texts of the corpus; raises ValueError when one is longer than `max_tokens`."""

    def encode_question(self, text: str) -> Encoded:
        """Encode a question of any length; a long one is read in windows, so that no word is lost."""


def unit(vectors: FloatArray, least: float = 1e-12) -> FloatArray:
    """Scale rows to length 1; a zero row stays zero, and one shorter than `least` short."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: FloatArray = (vectors / np.maximum(norms, least)).astype(np.float32)
    return scaled
