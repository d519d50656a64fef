"""What an engine finds for gold questions, before any confidence: what a calibration is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from procqa.answering.confidence import SIGNALS, Kind
from procqa.engine import Engine
from procqa.evaluation.answers import CORRECT_F1
from procqa.evaluation.gold import NO_PAGE, Gold, GoldItem
from procqa.evaluation.intervals import Floats
from procqa.evaluation.selective import Flags
from procqa.evaluation.text_scores import token_f1
from procqa.progress import Progress

# How much a further gold file counts beside the first, from dev: with less, what holds over other pages is hardly
# learned, with more, what holds over these is lost.
FURTHER = 1 / 3


@dataclass(frozen=True, slots=True)
class Examined:
    """The signals (n, SIGNALS) of n questions and their kinds; whether they are about any page and have an answer,
    whether what was found is on a right page and is right; and how much each question counts."""

    signals: Floats
    kinds: NDArray[np.str_]
    known: Flags
    answerable: Flags
    right_page: Flags
    right: Flags
    weights: Floats


@dataclass(frozen=True, slots=True)
class Absent:
    """The signals (m, SIGNALS) and kinds of m questions with an answer that were asked where its pages are not."""

    signals: Floats
    kinds: NDArray[np.str_]


def examine(gold: Gold, engine: Engine, progress: Progress) -> Examined:
    """Ask every question that the engine finds anything for.

    An answer is right as in the metrics, from a token F1 of one half on; to a question without an answer none is.
    """
    rows: list[tuple[Any, ...]] = []
    with progress("Examining", len(gold.items), "questions") as advance:
        for item in gold.items:
            examined = engine.examine(item.question, item.history)
            advance(1)
            if examined is not None:
                evidence, pieces = examined
                pages = {place.doc_id for place in item.relevant}
                answer = "\n".join(line.text for piece in pieces for line in piece.lines)
                rows.append(
                    (
                        astuple(evidence),
                        Kind.of(evidence),
                        item.unanswerable not in NO_PAGE,
                        item.unanswerable is None,
                        any(piece.doc_id in pages for piece in pieces),
                        _is_right(item, answer),
                    )
                )
    signals, kinds, *flags = zip(*rows, strict=True) if rows else ((), (), (), (), (), ())
    known, answerable, right_page, right = (np.array(column, dtype=bool) for column in flags)
    found = np.array(signals, dtype=np.float64).reshape(-1, len(SIGNALS))
    return Examined(found, np.array(kinds, dtype=np.str_), known, answerable, right_page, right, np.ones(len(rows)))


def ask_elsewhere(gold: Gold, engine: Engine, progress: Progress) -> Absent:
    """Ask every question that has an answer without the pages that it is on, and without their families."""
    signals, kinds = [], []
    answerable = [item for item in gold.items if item.unanswerable is None and item.relevant]
    with progress("Asking where the page is not", len(answerable), "questions") as advance:
        for item in answerable:
            pages = {place.doc_id for place in item.relevant} | set(gold.twins(item) or ())
            examined = engine.examine(item.question, item.history, sorted(pages))
            advance(1)
            if examined is not None:
                signals.append(astuple(examined[0]))
                kinds.append(Kind.of(examined[0]))
    return Absent(np.array(signals, dtype=np.float64).reshape(-1, len(SIGNALS)), np.array(kinds, dtype=np.str_))


def joined(first: Examined, further: Sequence[Examined]) -> Examined:
    """All as one: a question of the first has a weight of 1, and each further file counts FURTHER as much as it."""
    weighted = [first]
    for part in further:
        share = FURTHER * len(first.weights) / max(len(part.weights), 1)
        weighted.append(replace(part, weights=part.weights * share))
    return Examined(*(np.concatenate(columns) for columns in zip(*map(_columns, weighted), strict=True)))


def _columns(examined: Examined) -> tuple[Any, ...]:
    return tuple(getattr(examined, field.name) for field in fields(examined))


def _is_right(item: GoldItem, answer: str) -> bool:
    return any(token_f1(answer, " ".join(quotes)) >= CORRECT_F1 for quotes in item.answers)
