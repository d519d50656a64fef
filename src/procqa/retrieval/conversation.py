"""Which page is named in a conversation: a follow-up stays on the page before it, or turns to another.

Near twins are a word apart, so all that was said speaks for the page before: its name in an earlier question as much as
the twin's in this one. So a question's own names count more than earlier ones; one that names nothing stays; and where
the wording turns ("and the other kind?"), every page but the one before is meant, its twins above all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.retrieval.names import Names
from procqa.retrieval.query import Query

# What a follow-up itself says of names counts this much, the whole conversation the rest. From dev, as the other.
OWN_SHARE = 0.5
# For staying on the page before, or turning to one of the same title, speaks so much of what speaks for leaving it.
INSTEAD = 0.5


@dataclass(frozen=True, slots=True)
class Naming:
    """How far each of some pages is the one that is named, as `Names.scores` tells, and how far it is left, (pages,).

    `left` is below 0 for a page that is stayed on or turned to.
    """

    named: FloatArray
    called: FloatArray
    left: FloatArray


def read_names(
    names: Names,
    query: Query,
    pages: Sequence[int],
    titles: FloatArray,
    before: FloatArray,
    weights: Mapping[str, float],
) -> Naming:
    """The names in a question and in those before it.

    `titles` (pages, d) are the titles' vectors, `before` (pages,) what else speaks for each page in the earlier
    questions, and `weights` those of `named` and `called` beside it.
    """
    named, called = names.scores(query.context, pages)
    left = np.zeros(len(pages), dtype=np.float32)
    if not query.said_before:
        return Naming(named, called, left)
    own_named, own_called = names.scores(query.context[query.said_before :], pages)
    earlier_named, earlier_called = names.scores(query.context[: query.said_before], pages)
    page = int((before + weights["named"] * earlier_named + weights["called"] * earlier_called).argmax())
    if query.turns:
        left = -INSTEAD * (titles @ titles[page])
        left[page] = 1.0
    elif not own_named.any():
        left[page] = -INSTEAD * earlier_called[page]
    return Naming(_mixed(named, own_named), _mixed(called, own_called), left)


def _mixed(said: FloatArray, own: FloatArray) -> FloatArray:
    """What is said in all with what the question says itself, where that says anything."""
    return said + OWN_SHARE * (own - said) if own.any() else said
