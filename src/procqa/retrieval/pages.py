"""Which page a question is about: one score for each page that is compared.

What its tokens say of the question speaks for a page, its names do, and in a conversation that it goes on about the
page. The less of any page's name is said, the more the first counts beside the second: "total knee replacement" is not
to be overruled by a page that has more words like the rest of the question, and where nothing is named there are only
such words. The weights are a conditional logit of the right page, as those in `telling`, over the 30 of log odds that a
unit of a line's score is worth among the lines of a page; so scores of pages and of lines have one unit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from procqa.embedding.encoder import FloatArray
from procqa.retrieval.names import Naming

# Where a page is called by all of a name, what tokens say counts so much less, in e-folds, and where it is all that is
# named; what names say counts so many times as much more.
CALLED_LESS, NAMED_LESS = 0.9, 0.25
NAMED_MORE, CALLED_MORE = 2.0, 0.85


def page_scores(known: FloatArray, naming: Naming, weights: Mapping[str, float]) -> FloatArray:
    """What speaks for each page, (pages,), but for the conversation.

    `known` (pages,) is how well the tokens of each know the question; `weights` are those of `page`, `named`, `called`
    and `literal`.
    """
    named, called = (float(values.max(initial=0.0)) for values in (naming.named, naming.called))
    by_tokens = weights["page"] * np.exp(-CALLED_LESS * called - NAMED_LESS * named) * known
    by_names = (
        weights["named"] * (1 + NAMED_MORE * called) * naming.named
        + weights["called"] * (1 + CALLED_MORE * called) * naming.called
        + weights["literal"] * naming.literal
    )
    return np.asarray(by_tokens + by_names, dtype=np.float32)
