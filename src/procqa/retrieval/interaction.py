"""Late interaction: each token of a question looks for its nearest token in a line, or in its title or heading.

The similarity of a question and a line is the weighted mean over the question's tokens of their best cosines (MaxSim,
Khattab and Zaharia 2020, "ColBERT", with a mean in place of the sum so that long questions compare with short ones).
The tokens of a line come from the passage that was encoded whole, so that each knows its title, heading and neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray, IntArray
from procqa.embedding.products import byte_products
from procqa.index.dense import Rows
from procqa.index.lexical import FUNCTION_WORDS
from procqa.index.tokens import CONTEXT, Tokens

# A question's "how", "my" or "?" find a near token on any page; they count this much beside a word of content.
FUNCTION_WEIGHT = 0.3
# Tokens that are compared at once: with more, what is computed no longer fits the processor's caches.
AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class LineSimilarities:
    """m lines beside a question of q tokens.

    `best` is (q, m): the cosine of each question token with its nearest token; `passages` and `lines` (m,) tell which
    line of which passage (a place in the rows that were gathered) each column is.
    """

    best: FloatArray
    passages: Rows
    lines: IntArray


def compare_lines(question: FloatArray, tokens: Tokens) -> LineSimilarities:
    """MaxSim's inner maximum: question (q, t) against the tokens of passages, each ordered context first."""
    count = int(tokens.texts[-1]) + 1 if len(tokens.texts) else 0
    changed = np.flatnonzero(np.diff(tokens.texts) | np.diff(tokens.lines)) + 1
    first = np.concatenate([[0], changed]).astype(np.int64)
    if not count:
        return LineSimilarities(
            np.zeros((len(question), 0), np.float32), np.zeros(0, np.int64), np.zeros(0, dtype=np.int32)
        )
    best = _nearest(question, tokens, first)
    passages, lines = tokens.texts[first], tokens.lines[first].astype(np.int32)
    of_context = lines == CONTEXT
    context = np.full((len(question), count), -1.0, dtype=np.float32)
    context[:, passages[of_context]] = best[:, of_context]
    own = ~of_context
    return LineSimilarities(np.maximum(best[:, own], context[:, passages[own]]), passages[own], lines[own])


def _nearest(question: FloatArray, tokens: Tokens, first: Rows) -> FloatArray:
    """The greatest cosine of each question token in each run of tokens, (q, r); `first` is where the r runs begin."""
    if tokens.vectors.dtype == np.int8 and len(question):
        parts = []
        for begin, end, runs in _at_once(first, len(tokens.vectors)):
            whole, factors = byte_products(tokens.vectors[begin:end].view(np.int8), question)
            parts.append(np.maximum.reduceat(whole, runs, axis=0) * (factors / np.float32(tokens.scale)))
        return np.ascontiguousarray(np.concatenate(parts).T, dtype=np.float32)
    cosines = tokens.vectors @ (question.T / np.float32(tokens.scale))
    return np.ascontiguousarray(np.maximum.reduceat(cosines, first, axis=0).T, dtype=np.float32)


def _at_once(first: Rows, count: int) -> Iterator[tuple[int, int, Rows]]:
    """Of `count` tokens in runs from `first` on, what is compared at once: begin, end, and where its runs begin."""
    borders = np.unique([*np.searchsorted(first, np.arange(0, count, AT_ONCE)), len(first)])
    ends = np.append(first, count)
    for run, following in pairwise(borders.tolist()):
        begin, end = int(ends[run]), int(ends[following])
        yield begin, end, first[run:following] - begin


def token_weights(question: str, encoded: Encoded) -> FloatArray:
    """How much each token of the question counts; they sum to 1. As `word_weights`."""
    weights = word_weights(question, encoded.offsets.tolist())
    return weights / max(float(weights.sum()), 1e-9)


def word_weights(
    question: str, offsets: Sequence[tuple[int, int]], said_before: int = 0, before: float = 1.0
) -> FloatArray:
    """How much each token counts, 1 for one of content, by where it stands in the question.

    Tokens that begin in the first `said_before` code points count `before` times as much as the others, unless none of
    those is of content.
    """
    weights = np.array([_weight(question[start:end]) for start, end in offsets], dtype=np.float32)
    earlier = np.array([start < said_before for start, _ in offsets], dtype=bool)
    if weights[~earlier].max(initial=0.0) == 1.0:
        weights[earlier] *= before
    return weights


def _weight(word: str) -> float:
    carries = any(character.isalnum() for character in word) and word.lower() not in FUNCTION_WORDS
    return 1.0 if carries else FUNCTION_WEIGHT
