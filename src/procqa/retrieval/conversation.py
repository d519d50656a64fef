"""Which page is meant in a conversation: a follow-up stays on the page before it, or turns to another.

Near twins are a word apart, so all that was said speaks for the page before: its name in an earlier question as much as
the twin's in this one. So the messages are followed one by one. What was said up to the message before is a question of
its own, and finds its page; this page then counts by itself, the less the more a follow-up says and the more it is
worded as one about another ("and the other kind?"), and after it the pages do that are about the like.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray, unit
from procqa.retrieval.found import Found
from procqa.retrieval.names import NAMES_ONE, Names, Naming
from procqa.retrieval.pages import page_scores
from procqa.retrieval.query import Query
from procqa.retrieval.wording import asks_across
from procqa.types import Filters

# What a follow-up itself says of names counts this much, the whole conversation the rest.
OWN_SHARE = 0.35
# A page for which the earlier questions speak less than for the best one, by so much, is the page before to 1/e.
DOUBT = 0.05
# What speaks for a page in a follow-up, beside its own score and in its unit: a conditional logit of the right page,
# fitted on follow-ups of dev, of dev-2 and of `train/`. Those without an answer are about a page as well: by the others
# alone one would turn to a twin for what the page before does not tell. Being the page before, where the message stays
# with it, and what a message that turns takes from that: a little more than all of it. Surely ("the other kind") it
# turns in too few of them to fit.
STAYS, TURNED, LEAVES = 0.26, -0.35, -0.60
# The log odds that a message of usual length turns; what each e-fold of words adds, and wording that turns.
USUAL_WORDS = 9
TURNS, TURNS_LONGER, TURNS_WORDED = -2.05, 3.20, 2.71
# Being about the like of that page, and that with a name that the follow-up itself calls.
TWIN, TWIN_CALLED = 0.14, 0.48

_LEAST = 1e-6  # length of a vector that has a direction: a page that nothing sets apart is like none


class Said(NamedTuple):
    """A message with what was said before it, beside some pages.

    `text` is its context encoded, `best` (q, pages) the cosine of each token with the nearest one of each page, and
    `known` (pages,) how well each page knows all of it.
    """

    query: Query
    text: Encoded
    best: FloatArray
    known: FloatArray


class Followed(NamedTuple):
    """What a conversation has come to: what names tell, how far it goes on with each page, and the pages' scores.

    `left` is how much less each page fits what was said before than the page does that fits it best; `own` is what the
    names in the last message alone tell.
    """

    naming: Naming
    continues: FloatArray
    scores: FloatArray
    left: FloatArray
    own: Naming


def follow(
    names: Names,
    said: Sequence[Said],
    pages: Sequence[int],
    others: Sequence[int],
    subjects: Callable[[], FloatArray],
    weights: Mapping[str, float],
) -> Followed:
    """Follow a conversation to its last message; `said` are its messages, oldest first, each (pages,) in what it gives.

    `others` are further pages that it might be about, `subjects` (pages, d) tell by their direction what each
    page is about, and `weights` are those of `page_scores` and of `continues`.
    """

    @functools.cache  # a message is asked about by itself, and by each one after it
    def named_in(text: str) -> Naming:
        return names.scores(text, pages, others)

    nothing = np.zeros(len(pages), dtype=np.float32)
    alike = _alike(subjects()) if len(said) > 1 else nothing
    followed: Followed | None = None
    for query, _, _, known in said:
        question = query.context[query.said_before :]
        own = named_in(question)
        naming = _with_earlier(query, named_in) if query.earlier else own
        continues = left = nothing
        if followed is not None:
            left = followed.scores.max() - followed.scores
            if not asks_across(query.focus):
                before = np.exp(-left / DOUBT)
                twins = before / before.sum() @ alike
                stays = LEAVES if query.turns > 1 else STAYS + TURNED * turning(query)
                continues = (stays * before + (TWIN + TWIN_CALLED * own.called) * twins).astype(np.float32)
        scores = page_scores(known, naming, weights) + weights["continues"] * continues
        followed = Followed(naming, continues, scores, left, own)
    assert followed is not None, "a conversation has a message"
    return followed


def turning(query: Query) -> float:
    """The probability, by its length and its wording alone, that a message turns from the page before to another."""
    longer = math.log(max(1, len(query.context[query.said_before :].split())) / USUAL_WORDS)
    return 1 / (1 + math.exp(-(TURNS + TURNS_LONGER * longer + TURNS_WORDED * query.turns)))


def owes_history(query: Query, found: Found, filters: Filters | None) -> bool:
    """Whether the procedure of the first passage, or what is asked of it, came from earlier questions.

    So it is where the question alone would lead to another page, or calls this one less by its name.
    """
    if not query.before:
        return False
    if query.alone.focus != query.focus:
        return True
    if filters and len(filters.doc_ids) == 1:  # the asker chose it
        return False
    alone, called, called_alone = (found.signals[name] for name in ("alone", "called", "called_alone"))
    return bool(alone.max() > alone[0] or called_alone[0] < called[0])


def _alike(subjects: FloatArray) -> FloatArray:
    """How far each two pages are about the like, (pages, pages), 0 for one and itself.

    A cosine of what sets them apart from the rest: all pages about procedures have much in common.
    """
    directions = unit(subjects)
    apart = unit(directions - directions.mean(axis=0), _LEAST)
    alike: FloatArray = np.maximum(apart @ apart.T, 0.0)
    np.fill_diagonal(alike, 0.0)
    return alike


def _with_earlier(query: Query, named_in: Callable[[str], Naming]) -> Naming:
    """The names in all that was said, those of the message itself counting more where it has any."""
    question = query.context[query.said_before :]
    own, said = named_in(question), named_in(f"{_last_that_names(query.earlier, named_in)}\n{question}")
    return Naming(_mixed(said.named, own.named), _mixed(said.called, own.called), own.literal)


def _last_that_names(messages: Sequence[str], named_in: Callable[[str], Naming]) -> str:
    """The last message that says half of a page's name, or else all of them: what was turned from is over."""
    for message in reversed(messages):
        if named_in(message).called.max(initial=0.0) >= NAMES_ONE:
            return message
    return "\n".join(messages)


def _mixed(said: FloatArray, own: FloatArray) -> FloatArray:
    """What is said in all with what the question says itself, where that says anything."""
    return said + OWN_SHARE * (own - said) if own.any() else said
