"""Why there is no answer, and which pages are asked back about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from procqa.answering.confidence import SIGNALS, Evidence, Judged
from procqa.answering.decide import (
    ALIKE_TITLES,
    CLOSE_SCORES,
    FAR,
    KNOWN,
    NAMED_ALIKE,
    SURELY_KNOWN,
    UNKNOWN,
    UNTOLD,
    equally_good,
    names_none,
    refusal,
)
from procqa.types import Reason

NOTHING = Evidence(**dict.fromkeys(SIGNALS, 0.0))


@pytest.mark.parametrize(
    ("known", "answerable", "evidence", "alone", "reason"),
    [
        (UNKNOWN - 0.01, 0.1, {"dense": FAR - 0.01, "explained": 0.4}, True, Reason.NO_RELEVANT_CONTENT),
        (UNKNOWN - 0.01, 0.1, {"dense": FAR + 0.01, "explained": 0.4}, True, Reason.UNKNOWN_PROCEDURE),
        (UNKNOWN - 0.01, 0.1, {"dense": FAR - 0.01, "explained": 0.6}, False, Reason.UNKNOWN_PROCEDURE),
        (UNKNOWN + 0.01, 0.1, {}, True, Reason.LOW_CONFIDENCE),
        (SURELY_KNOWN, UNTOLD - 0.01, {}, True, Reason.SECTION_MISSING),
        (SURELY_KNOWN, UNTOLD, {}, True, Reason.LOW_CONFIDENCE),
        (SURELY_KNOWN, UNTOLD - 0.01, {}, False, Reason.LOW_CONFIDENCE),
    ],
)
def test_why_there_is_no_answer(
    known: float, answerable: float, evidence: dict[str, float], alone: bool, reason: Reason
) -> None:
    assert refusal(replace(NOTHING, **evidence), Judged(known, answerable, 0.5, 0.5), alone=alone) is reason


NEAR, FAR = 1.5 - CLOSE_SCORES / 2, 1.5 - CLOSE_SCORES * 2
ALIKE, UNLIKE = ALIKE_TITLES + 0.1, ALIKE_TITLES - 0.1


@pytest.mark.parametrize(
    ("scores", "named", "called", "titles", "count"),
    [
        ([1.5], [0.4], [0.0], [1.0], 1),
        ([1.5, NEAR], [0.4, 0.4], [0.0, 0.0], [1.0, ALIKE], 2),
        ([1.5, NEAR], [0.4, 0.4], [0.0, 0.0], [1.0, UNLIKE], 1),
        ([1.5, FAR], [0.4, 0.4], [0.0, 0.0], [1.0, ALIKE], 1),
        ([1.5, NEAR], [0.4, 0.3], [0.0, 0.0], [1.0, ALIKE], 1),  # the question has a word of the best one's name
        ([1.5, NEAR], [0.4, 0.9], [0.0, 0.0], [1.0, ALIKE], 2),
        ([1.5, NEAR, NEAR, FAR], [0.0] * 4, [0.0] * 4, [1.0, ALIKE, ALIKE, ALIKE], 3),
        ([1.5, FAR, NEAR], [0.0] * 3, [0.0] * 3, [1.0, ALIKE, ALIKE], 1),
        ([1.5, NEAR], [0.4, 0.4], [1.0, 0.6], [1.0, ALIKE], 1),  # it is all of the best one's name
        ([1.5, NEAR], [0.4, 0.4], [1.0, 1.0], [1.0, ALIKE], 2),
        ([1.5, NEAR], [0.4, 0.4], [0.6, 0.4], [1.0, ALIKE], 2),
        # Both have all that is said of names.
        ([1.5, NEAR], [1.0, 1.0], [0.6, 0.1], [1.0, NAMED_ALIKE], 2),
        ([1.5, NEAR], [1.0, 1.0], [0.6, 0.1], [1.0, NAMED_ALIKE - 0.01], 1),
        ([1.5, NEAR], [0.9, 1.0], [0.6, 0.1], [1.0, NAMED_ALIKE], 1),
    ],
)
def test_pages_that_fit_equally_well(
    scores: list[float], named: list[float], called: list[float], titles: list[float], count: int
) -> None:
    assert equally_good(scores, named, called, titles) == count


@pytest.mark.parametrize(
    ("called", "weakest", "none"),
    [
        ([0.0] * 6, [0.9, 0.8, 0.75, 0.7, KNOWN, 0.1], True),
        ([0.0] * 6, [0.1, KNOWN, 0.9, 0.7, 0.8, 0.75], True),  # in any order
        ([0.0] * 6, [0.9, 0.9, 0.9, 0.9, KNOWN - 0.01, 0.1], False),  # a word that few pages know: it tells the page
        ([0.0, 0.25, 0.0, 0.0, 0.0], [0.9] * 5, False),  # half of a name is said
        ([0.0] * 4, [0.9] * 4, False),  # too few pages to tell
    ],
)
def test_a_question_that_could_be_about_any_page(called: list[float], weakest: list[float], none: bool) -> None:
    assert names_none(called, weakest) is none
