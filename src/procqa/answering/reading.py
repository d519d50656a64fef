"""The best passage read together with the question: does it hold the answer?

Vectors of question and passage that never met find what a question is near to, and cannot tell whether it is answered
there: "may I bathe after it" is near to every line about baths. The reader sees both at once. Beside late interaction
it adds nothing to the order of passages, so it reads the first one alone, and speaks to the calibration.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from procqa.embedding.pairs import Pair, pair, shortened
from procqa.embedding.pieces import WordPieces
from procqa.embedding.reader import Verdict
from procqa.index.tokens import OUTSIDE, line_owners
from procqa.passages import embedded_prefix
from procqa.retrieval import Query
from procqa.types import Passage


class PairReader(Protocol):
    """What reads a question and a passage together."""

    @property
    def pieces(self) -> WordPieces:
        """Its tokenizer."""

    def read(self, pair: Pair, lines: int) -> Verdict:
        """Read one pair whose passage has so many lines."""


def read_passage(reader: PairReader, query: Query, passage: Passage, text: str) -> Verdict:
    """What the reader says of a passage with these words, as it was split and embedded for the index."""
    prefix = embedded_prefix(passage.title, passage.heading or passage.section, reader.pieces)
    (split,) = reader.pieces.split([prefix + text])
    owners = line_owners(split.offsets, passage, len(prefix))
    owners[np.array(split.special)] = OUTSIDE
    question = question_tokens(reader.pieces, query, passage.title)
    return reader.read(pair(question, split.ids, owners.tolist()), len(passage.lines))


def question_tokens(pieces: WordPieces, query: Query, title: str) -> tuple[int, ...]:
    """What is read of a question beside a passage of the page with this title, without special tokens.

    Of a conversation it is what is asked now, of that page: beside earlier questions the reader could not tell which of
    them it is to look for. Training shows the same.
    """
    asked = f"{title}: {query.focus}" if query.said_before else query.context
    context, focus = pieces.split([asked, query.focus])
    return shortened(context.ids[1:-1], focus.ids[1:-1])
