"""How much each word of a question tells: of the page that it is about, and of the line that answers.

In "the hose they put down his pipe to nab a stone, when can he drive?" some words say which procedure is meant and some
what is asked. A word tells the page the more, the better the page that knows it best knows it beside the others; it
tells the line the less, the more it told the page, and the more, the better one line of the page knows it beside the
other lines. It is an inverse document frequency by meaning: nearest token vectors in place of equal words.

The constants are a conditional logit of the right page among those compared, and of the right line of the right page,
fitted on gold-dev and on questions over pages that the encoder was not taught (eval/HISTORY.md).
"""

from __future__ import annotations

import numpy as np

from procqa.embedding import Encoded
from procqa.embedding.encoder import FloatArray
from procqa.index.dense import Rows
from procqa.retrieval.interaction import token_weights
from procqa.retrieval.query import Query

# For the page, in e-folds: how well the page knows a word that knows it best, how much better than the mean of pages,
# that it stands in what is asked rather than around it, and that it was said before.
KNOWN, KNOWN_APART, ASKED, EARLIER = 0.75, 3.5, -0.40, -1.45
# For a line of a page: how well the page's best line knows the word, how much better than the mean of its lines, and
# how much better the page does than the mean of pages.
LINE_KNOWN, LINE_APART, LINE_NAMES = -1.14, 3.05, -3.75


def tells_page(query: Query, context: Encoded, best: FloatArray) -> FloatArray:
    """How much each token of the context tells of the page, (q,), summing to 1.

    `best` (q, pages) are the cosines of each with the nearest token of each page.
    """
    spans = context.offsets.tolist()
    asked = np.array([query.context[start:end] in query.focus for start, end in spans], dtype=np.float32)
    earlier = (context.offsets[:, 0] < query.said_before).astype(np.float32)
    most = best.max(axis=1)
    telling = KNOWN * most + KNOWN_APART * (most - best.mean(axis=1)) + ASKED * asked + EARLIER * earlier
    weights = token_weights(query.context, context) * np.exp(telling)
    return np.asarray(weights / max(float(weights.sum()), 1e-9), dtype=np.float32)


def tells_line(query: Query, focus: Encoded, best: FloatArray, first_of_page: Rows) -> FloatArray:
    """How much each token of the focus tells of the line, for each page, (q, pages), each column summing to 1.

    `best` (q, lines) are the cosines of each with the nearest token of each line, those of page p from first_of_page[p]
    on.
    """
    counts = np.diff(np.append(first_of_page, best.shape[1]))
    of_page = np.maximum.reduceat(best, first_of_page, axis=1)
    apart = of_page - np.add.reduceat(best, first_of_page, axis=1) / counts
    names = of_page - of_page.mean(axis=1, keepdims=True)
    telling = LINE_KNOWN * of_page + LINE_APART * apart + LINE_NAMES * names
    weights = token_weights(query.focus, focus)[:, None] * np.exp(telling)
    return np.asarray(weights / np.maximum(weights.sum(axis=0), 1e-9), dtype=np.float32)
