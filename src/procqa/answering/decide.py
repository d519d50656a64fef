"""Why an answer is held back, and whether to ask back which page is meant.

Whether to answer at all is for confidence.py to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from procqa.answering.confidence import Evidence, Judged
from procqa.types import Reason

# Two pages fit a question equally well whose best scores differ by less than this, with titles this much alike, when it
# says as much of the name of one as of the other. From dev: a wider gap asks back where people had been clear.
CLOSE_SCORES, ALIKE_TITLES, SAME_NAME = 0.08, 0.63, 0.01
# A question says the whole name of a page that it calls so far. Of two pages that have all that it says of names
# ("cataract surgery" is of the plain one and of that with a stent), titles so much alike are enough.
WHOLE_NAME, NAMED_ALIKE = 0.99, 0.5
# A procedure is in none of the pages when it is among them with less than this probability, and surely among them from
# the other on; a page does not tell a thing when an answer is less probable than that. From dev: of what is said so of
# refused questions 0.82 is true (over dev-2, in homely words, 0.71), and of half of them nothing is said.
UNKNOWN, SURELY_KNOWN, UNTOLD = 0.4, 0.7, 0.35
# A question names no procedure when it says less than this of every page's names, and at least so many pages know even
# those of its words that they know least so well. From dev: where that many do, those who name one say more of it.
NAMES_LITTLE, KNOWN_TO, KNOWN = 0.15, 5, 0.65
# A passage is far from a question by one vector, as one in five best ones of dev are. This, and what known words are
# compared with above, hang on the encoder: an encoder with other cosines needs others.
FAR = 0.42
# What askers are told.
WHICH_ONE = "Several procedures fit this question equally well. Which one do you mean?"
MESSAGES: Mapping[Reason, str] = {
    Reason.NO_RELEVANT_CONTENT: "Nothing in these pages answers this question.",
    Reason.LOW_CONFIDENCE: "These pages may touch on this, but no passage clearly answers it.",
    Reason.UNKNOWN_PROCEDURE: "The procedure asked about is not in these pages.",
    Reason.SECTION_MISSING: "The page for this procedure does not say this.",
    Reason.NOT_A_QUESTION: "This does not read as a question.",
}


def refusal(evidence: Evidence, judged: Judged, *, alone: bool) -> Reason:
    """Why an answer is held back. `alone` tells whether no other page fits as well as the best one."""
    if judged.known < UNKNOWN:
        far = evidence.dense < FAR and evidence.explained < 0.5
        return Reason.NO_RELEVANT_CONTENT if far else Reason.UNKNOWN_PROCEDURE
    untold = judged.known >= SURELY_KNOWN and judged.answerable < UNTOLD
    return Reason.SECTION_MISSING if untold and alone else Reason.LOW_CONFIDENCE


def names_none(called: Sequence[float], weakest: Sequence[float]) -> bool:
    """Whether a question could be about any page: "and the risks?", with nothing said before.

    `called[i]` is how far it says a name of page i, `weakest[i]` how well that page knows the words it knows least.
    """
    known = sorted(weakest, reverse=True)[:KNOWN_TO]
    return max(called) < NAMES_LITTLE and len(known) == KNOWN_TO and known[-1] >= KNOWN


def equally_good(
    scores: Sequence[float], named: Sequence[float], called: Sequence[float], title_cosines: Sequence[float]
) -> int:
    """How many of the pages, best first, fit equally well: 1 means that the best stands alone.

    `named[i]` is the share of the names in the question that are page i's own, `called[i]` how far it says one of them,
    `title_cosines[i]` the cosine of its title with the best page's.
    """

    def alike(other: int) -> bool:
        both_named = min(named[0], named[other]) >= WHOLE_NAME
        return title_cosines[other] >= (NAMED_ALIKE if both_named else ALIKE_TITLES)

    count = 1
    while (
        count < len(scores)
        # "Total knee replacement" is all of one page's name, though the page about its revision has each of the words.
        and not called[count] < WHOLE_NAME <= called[0]
        and scores[0] - scores[count] < CLOSE_SCORES
        and named[count] > named[0] - SAME_NAME
        and alike(count)
    ):
        count += 1
    return count
