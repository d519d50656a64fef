"""Which page is named in a conversation: a follow-up stays on the page before it, or turns to another.

Near twins are a word apart, so all that was said speaks for the page before: its name in an earlier question as much as
the twin's in this one. So a question's own names count more than earlier ones; one that calls no other page by its name
stays; and where the wording turns ("and the other kind?"), another page is meant, a twin of the one before above all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.retrieval.names import NAMES_ONE, Names
from procqa.retrieval.query import Query
from procqa.retrieval.wording import asks_across

# What a follow-up itself says of names counts this much, the whole conversation the rest. From the follow-ups of dev
# and of the training questions, as the others: those of dev turn more often than people do.
OWN_SHARE = 0.35
# For turning to a page of the same title speaks so much of what speaks for leaving the one before.
INSTEAD = 0.75
# So much speaks for staying where the question says no word of any page's name, and where it says some but calls no
# other page by its name: they may stand there by chance ("and my heart tablets?"). For a page for which the earlier
# questions speak less than for the best one, by up to DOUBT, it counts in part.
STAYS, STAYS_NAMING, DOUBT = 1.25, 0.5, 0.2


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
    others: Sequence[int],
    titles: FloatArray,
    before: FloatArray,
    weights: Mapping[str, float],
) -> Naming:
    """The names in a question and in those before it; `others` are further pages that it might be about.

    `titles` (pages, d) are the titles' vectors, `before` (pages,) what else speaks for each page in the earlier
    questions, and `weights` those of `named` and `called` beside it.
    """
    if not query.earlier:
        return Naming(*names.scores(query.context, pages, others), np.zeros(len(pages), dtype=np.float32))
    question = query.context[query.said_before :]
    earlier, (earlier_named, earlier_called) = _last_that_names(names, query.earlier, pages, others)
    named, called = names.scores(f"{earlier}\n{question}", pages, others)
    own_named, own_called = names.scores(question, pages, others)
    totals = before + weights["named"] * earlier_named + weights["called"] * earlier_called
    left = np.zeros(len(pages), dtype=np.float32)
    page = int(totals.argmax())
    if query.turns and totals.any():
        left = -INSTEAD * (titles @ titles[page])
        left[page] += query.turns
    elif not asks_across(query.focus) and not ((own_called >= NAMES_ONE) & (own_named > own_named[page])).any():
        certain = np.clip(1 - (totals[page] - totals) / DOUBT, 0, 1)
        left = -(STAYS_NAMING if own_named.any() else STAYS) * certain
    return Naming(_mixed(named, own_named), _mixed(called, own_called), left)


def _last_that_names(
    names: Names, messages: Sequence[str], pages: Sequence[int], others: Sequence[int]
) -> tuple[str, tuple[FloatArray, FloatArray]]:
    """The last message that says half of a page's name, or else all of them: what was turned from is over.

    With it how far it names each page, as `Names.scores`.
    """
    for message in reversed(messages):
        named, called = names.scores(message, pages, others)
        if called.max(initial=0.0) >= NAMES_ONE:
            return message, (named, called)
    whole = "\n".join(messages)
    return whole, names.scores(whole, pages, others)


def _mixed(said: FloatArray, own: FloatArray) -> FloatArray:
    """What is said in all with what the question says itself, where that says anything."""
    return said + OWN_SHARE * (own - said) if own.any() else said
