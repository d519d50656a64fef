"""Which page is named in a conversation: a follow-up stays on the page before it, or turns to another.

Near twins are a word apart, so all that was said speaks for the page before: its name in an earlier question as much as
the twin's in this one. So a question's own names count more than earlier ones, the page before counts by itself, the
less the more a follow-up says and the more it is worded as one about another ("and the other kind?"), and after it the
twins of that page do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.retrieval.names import NAMES_ONE, Names, Naming
from procqa.retrieval.pages import page_scores
from procqa.retrieval.query import Query
from procqa.retrieval.wording import asks_across

# What a follow-up itself says of names counts this much, the whole conversation the rest.
OWN_SHARE = 0.35
# A page for which the earlier questions speak less than for the best one, by so much, is the page before to 1/e.
DOUBT = 0.05
# Words of a usual follow-up.
USUAL_WORDS = 9
# What speaks for a page in a follow-up, beside one another (`continues` has its weight in `search`): a conditional
# logit of the right page, fitted on the follow-ups of dev and of the training questions. Being the page before; that,
# for each e-fold of words; and that, where the wording turns. Surely ("the other kind") it turns in too few of them
# to fit.
STAYS, STAYS_LONGER, STAYS_TURNING, LEAVES = 0.46, -0.14, -0.36, -1.5
# A title like that page's, and a name that the follow-up itself calls.
TWIN, CALLED = 0.37, 0.27


def read_names(
    names: Names,
    query: Query,
    pages: Sequence[int],
    others: Sequence[int],
    titles: FloatArray,
    before: FloatArray,
    weights: Mapping[str, float],
) -> tuple[Naming, FloatArray]:
    """The names in a question and in those before it, and how far the conversation goes on with each page, (pages,).

    `others` are further pages that it might be about, `titles` (pages, d) the titles' vectors, `before` (pages,) how
    well each page knows the earlier questions, and `weights` those of `page_scores`.
    """
    if not query.earlier:
        return names.scores(query.context, pages, others), np.zeros(len(pages), dtype=np.float32)
    question = query.context[query.said_before :]
    earlier, of_earlier = _last_that_names(names, query.earlier, pages, others)
    naming = names.scores(f"{earlier}\n{question}", pages, others)
    own = names.scores(question, pages, others)
    continues = np.zeros(len(pages), dtype=np.float32)
    if not asks_across(query.focus):
        totals = page_scores(before, of_earlier, weights)
        page = int(totals.argmax())
        twins = titles @ titles[page]
        twins[page] = 0.0
        stayed_on = np.exp((totals - totals[page]) / DOUBT)
        continues = _staying(question, query.turns) * stayed_on + TWIN * twins + CALLED * own.called
    mixed = Naming(_mixed(naming.named, own.named), _mixed(naming.called, own.called))
    return mixed, continues.astype(np.float32)


def _staying(question: str, turns: int) -> float:
    if turns > 1:
        return LEAVES
    return STAYS + STAYS_LONGER * math.log(max(1, len(question.split())) / USUAL_WORDS) + STAYS_TURNING * turns


def _last_that_names(
    names: Names, messages: Sequence[str], pages: Sequence[int], others: Sequence[int]
) -> tuple[str, Naming]:
    """The last message that says half of a page's name, or else all of them: what was turned from is over.

    With it how far it names each page.
    """
    for message in reversed(messages):
        naming = names.scores(message, pages, others)
        if naming.called.max(initial=0.0) >= NAMES_ONE:
            return message, naming
    whole = "\n".join(messages)
    return whole, names.scores(whole, pages, others)


def _mixed(said: FloatArray, own: FloatArray) -> FloatArray:
    """What is said in all with what the question says itself, where that says anything."""
    return said + OWN_SHARE * (own - said) if own.any() else said
