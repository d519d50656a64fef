"""Passages packed into a budget of tokens, for the context of a language model."""

from __future__ import annotations

from collections.abc import Sequence

from procqa.passages import count_tiktoken
from procqa.types import Hit


def pack(hits: Sequence[Hit], max_tokens: int) -> list[Hit]:
    """The hits, best first, whose texts fit together in a budget of tiktoken (cl100k) tokens.

    A passage that does not fit in what is left is passed over, and a smaller one further down may fit; none is cut.
    """
    packed, left = [], max_tokens
    for hit in hits:
        tokens = count_tiktoken(hit.text)
        if tokens <= left:
            packed.append(hit)
            left -= tokens
    return packed
