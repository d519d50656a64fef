"""How well pages and lines know the words of a question, beside their scores: what calibration reads.

A score tells which page is best. That a page does not know the words it knows least may tell that none is right: a
procedure of another name shows there.
"""

from __future__ import annotations

import numpy as np

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.retrieval.interaction import token_weights
from procqa.retrieval.query import Query


def weakest(query: Query, context: Encoded, best: FloatArray) -> FloatArray:
    """The mean over the third of the content words that each page knows least, (pages,).

    They are those of the question itself, or where it has none, those said before. `best` (q, pages) are the cosines of
    each token of the context with the nearest one of each page.
    """
    weights = token_weights(query.context, context)
    content = weights == weights.max()
    own = content & (context.offsets[:, 0] >= query.said_before)
    known = np.sort(best[own if own.any() else content], axis=0)
    return np.asarray(known[: max(1, len(known) // 3)].mean(axis=0), dtype=np.float32)


def explained(
    query: Query, focus: Encoded, best: FloatArray, totals: FloatArray, starts: Rows
) -> dict[str, FloatArray]:
    """How well the best line of each passage knows the words of the focus, (passages,).

    `evenly` is the mean over all words, `surely` that over the third of the content words that it knows best. `best`
    (q, lines) are the cosines of each token with the nearest one of each line; passage i has the lines from starts[i]
    to starts[i + 1], with these `totals`.
    """
    count = len(starts) - 1
    passages = np.flatnonzero(np.diff(starts))
    weights = token_weights(query.focus, focus)
    if not len(weights):
        return {name: np.zeros(count, dtype=np.float32) for name in ("evenly", "surely")}
    own = best[:, _best_lines(totals, starts[passages])]
    content = np.sort(own[weights == weights.max()], axis=0)
    surest = content[-max(1, len(content) // 3) :]
    return {
        "evenly": _placed(weights @ own, passages, count),
        "surely": _placed(surest.mean(axis=0), passages, count),
    }


def _best_lines(totals: FloatArray, first: Rows) -> Rows:
    """The first line with the greatest total of each run of lines; the runs begin at `first`, and none is empty."""
    greatest = np.repeat(np.maximum.reduceat(totals, first), np.diff(np.append(first, len(totals))))
    best = np.flatnonzero(totals == greatest)
    return best[np.searchsorted(best, first)]


def _placed(values: FloatArray, places: Rows, count: int) -> FloatArray:
    """The values at some of so many places, 0 at the others."""
    placed = np.zeros(count, dtype=np.float32)
    placed[places] = values
    return placed
