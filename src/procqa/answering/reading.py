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
    """What the reader says of a passage with these words, as it was split and embedded for the index.

    Of a conversation it reads what is asked now, of the page that the search took it for: beside earlier questions it
    could not tell which of them it is to look for.
    """
    prefix = embedded_prefix(passage.title, passage.heading or passage.section, reader.pieces)
    asked = f"{passage.title}: {query.focus}" if query.said_before else query.context
    context, focus, split = reader.pieces.split([asked, query.focus, prefix + text])
    owners = line_owners(split.offsets, passage, len(prefix))
    owners[np.array(split.special)] = OUTSIDE
    question = shortened(context.ids[1:-1], focus.ids[1:-1])
    return reader.read(pair(question, split.ids, owners.tolist()), len(passage.lines))
