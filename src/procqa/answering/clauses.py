"""The part of a sentence that answers: one of several clauses that stand by themselves between semicolons.

"Showering is fine from the next day; swimming waits 2 weeks." tells two things, and who asks about swimming is to read
the second. A clause that leans on the one before it stays with that, so that what is given never means something else.
"""

from __future__ import annotations

import re

# What a clause begins with that says nothing by itself, takes back what came before, or tells of another case of it.
_LEANS = re.compile(
    r"(?:and|but|or|nor|so|yet|then|else|otherwise|unless|except|although|though|however|instead|because|since|as|"
    r"if|when|where|while|whether|until|till|once|after|before|during|for|with|without|in|on|at|by|from|under|over|"
    r"up|about|around|between|within|beyond|depending|"
    r"it|its|they|them|their|theirs|he|she|this|that|these|those|there|which|who|both|neither|either|none|all|some|"
    r"most|many|few|one|others?|another|such|same|the (?:same|others?|rest|first|second|latter|former)|also|too|"
    r"only|even|not|afterwards?|beforehand|later|usually|often|sometimes|rarely|less|more|longer|shorter|earlier)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
# Shorter pieces are items of an enumeration, not clauses.
_FEWEST_WORDS = 3


def clauses(sentence: str) -> list[tuple[int, int]]:
    """Where each clause of a sentence begins and ends, in order; one, the whole, where it cannot be divided.

    Their words are all of the sentence but for the semicolons and the spaces around them.
    """
    borders = [found.span() for found in re.finditer(r"\s*;\s+", sentence)]
    starts = [0, *(end for _, end in borders)]
    ends = [*(start for start, _ in borders), len(sentence)]
    pieces = [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]
    whole = [(0, len(sentence))]
    # After a colon the pieces are what it announces.
    if ":" in sentence or any(len(_WORD.findall(sentence[slice(*piece)])) < _FEWEST_WORDS for piece in pieces):
        return whole
    divided: list[tuple[int, int]] = []
    for start, end in pieces:
        if divided and _LEANS.match(sentence, start):
            divided[-1] = (divided[-1][0], end)
        else:
            divided.append((start, end))
    return divided if len(divided) > 1 else whole
