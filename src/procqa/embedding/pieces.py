"""A model's tokenizer alone: what is needed to split and number text where no model is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from procqa.embedding.encoder import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """A text as n tokens: `ids` (n,), the code points `offsets` (n, 2) of each, and which are `special` (n,)."""

    ids: tuple[int, ...]
    offsets: IntArray
    special: tuple[bool, ...]


class WordPieces:
    """Counts and numbers tokens as the encoder of the same folder does."""

    def __init__(self, tokenizer: Path, max_tokens: int) -> None:
        """`max_tokens` is how many the model reads at once, special ones counted."""
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.max_tokens = max_tokens - int(self.tokenizer.num_special_tokens_to_add(is_pair=False))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens in each text, special ones not counted."""
        return [len(item.ids) for item in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def split(self, texts: Sequence[str]) -> list[Pieces]:
        """Each text as tokens, special ones among them."""
        return [_pieces(item) for item in self.tokenizer.encode_batch(list(texts))]

    def text(self, ids: Sequence[int]) -> str:
        """Tokens as words again, special ones among them."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=False))


def _pieces(item: Encoding) -> Pieces:
    offsets = np.asarray(item.offsets, dtype=np.int32)
    return Pieces(tuple(item.ids), offsets, tuple(value == 1 for value in item.special_tokens_mask))
