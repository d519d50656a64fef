"""Fit the probability that an answer is right, and the threshold to answer from, on gold questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from procqa.answering.confidence import SIGNALS, Calibration, Judge, Kind, Logistic, constant, worth
from procqa.engine import Engine
from procqa.errors import GoldError
from procqa.evaluation.answers import CORRECT_F1
from procqa.evaluation.gold import NO_PAGE, Gold, GoldItem, load_gold
from procqa.evaluation.intervals import Floats
from procqa.evaluation.selective import Flags
from procqa.evaluation.text_scores import token_f1
from procqa.progress import Progress, silent

# Inverse strength of the ridge, from dev questions, each family judged by a fit on the others; a third and three times
# as much give the same within a point.
_C = 0.1
_FOLDS = 10
_SURE = 0.001  # no share that was seen is taken for nearer to never or always
# How much a further gold file counts beside the first, from dev: with less, what holds over other pages is hardly
# learned, with more, what holds over these is lost.
FURTHER = 1 / 3
# How much it counts that a question is asked where its page is not, for telling that a procedure has no page, and that
# there is no answer: few gold questions are about such. From dev; with more, homely questions are taken for such.
_ABSENT, _UNANSWERED = 0.15, 0.05
_FEWEST = 20  # of right and of wrong answers each: with less a fit would be noise


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration, and what it does on the questions of the gold file, each judged by a fit on the others.

    `questions` and `right` count those of the files that it was fitted on as well.
    """

    calibration: Calibration
    questions: int
    right: int
    false_refusals: float
    false_answers: float


@dataclass(frozen=True, slots=True)
class _Examined:
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
class _Absent:
    """The signals (m, SIGNALS) and kinds of m questions with an answer that were asked where its pages are not."""

    signals: Floats
    kinds: NDArray[np.str_]


def calibrate(
    gold_path: Path,
    engine: Engine,
    *,
    also: Sequence[tuple[Path, Engine]] = (),
    refusals: float = 0.15,
    only: Sequence[str] = (),
    progress: Progress = silent,
) -> Fit:
    """Fit on every question of a gold file that the engine finds anything for.

    `also` are further gold files and the engines to ask them of, which the weights of the signals are fitted on as
    well; each counts FURTHER as much as the first, however many questions it has. What holds over pages of two makes is
    more likely to hold over a third: by questions that use the pages' own words, every word that no page has speaks
    against an answer.

    Every question of the gold file that has an answer is also asked without the pages that it is on, and without their
    families, so that what tells that a procedure has no page is learned from such too.

    An answer counts as right as in the metrics: token F1 of at least one half; to an unanswerable question none does.
    The threshold is set where the share `refusals` of the answerable questions of the gold file is refused. With
    `only`, other signals get no weight (an ablation). Raises GoldError when there are too few right or wrong answers to
    fit on, the gold file has none with an answer, or an engine of `also` has another model.
    """
    sets = [(gold_path, engine), *also]
    for path, other in also:
        if other.model != engine.model:
            raise GoldError(f"The questions of {path} are asked of an index of another model; build it with the same.")
    parts = [_examined(load_gold(path), asked, progress) for path, asked in sets]
    every = _joined(parts[0], parts[1:])
    features, answerable, labels = every.signals, every.answerable, every.right
    if min(labels.sum(), (~labels).sum()) < _FEWEST:
        raise GoldError(
            f"{' and '.join(str(path) for path, _ in sets)}: {labels.sum()} right and {(~labels).sum()} wrong answers; "
            f"a calibration needs at least {_FEWEST} of each."
        )
    if not parts[0].answerable.any():
        raise GoldError(f"{gold_path} has no question with an answer, by which the threshold could be set.")
    absent = _asked_elsewhere(load_gold(gold_path), engine, progress)
    if only:
        for signals in (features, absent.signals):
            signals[:, [name not in only for name in SIGNALS]] = 0.0
    # With hardly a question that has no answer, what is wrong stands for what cannot be answered.
    enough = (~answerable).sum() >= _FEWEST
    held = answerable if enough else labels
    right_page, correct = (every.right_page, labels) if enough else (np.ones_like(labels), np.ones_like(labels))
    judges: dict[Kind, Judge] = {}
    worths = np.zeros(len(held))
    for kinds in _groups(every.kinds, held):
        asked = np.isin(every.kinds, kinds)
        answered = asked & answerable
        elsewhere = absent.signals[np.isin(absent.kinds, kinds)]
        known = _with(elsewhere, _ABSENT, features[asked], every.known[asked], every.weights[asked])
        judge = Judge(
            _logistic(*known),
            _logistic(*_with(elsewhere, _UNANSWERED, features[asked], held[asked], every.weights[asked])),
            _logistic(features[answered], right_page[answered], every.weights[answered]),
            _logistic(features[answered], correct[answered], every.weights[answered]),
        )
        judges |= dict.fromkeys(kinds, judge)
        worths[asked] = worth(
            _unseen(features[asked], held[asked], every.weights[asked], elsewhere=elsewhere),
            _unseen(features[asked], right_page[asked], every.weights[asked], of=answerable[asked]),
        )
    own = parts[0].answerable
    own_worths = worths[: len(own)]
    threshold = float(np.quantile(own_worths[own], refusals))
    return Fit(
        Calibration(engine.model, judges, round(threshold, 4)),
        len(labels),
        int(labels.sum()),
        float((own_worths[own] < threshold).mean()),
        float((own_worths[~own] >= threshold).mean()) if (~own).any() else 0.0,
    )


def _examined(gold: Gold, engine: Engine, progress: Progress) -> _Examined:
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
    return _Examined(found, np.array(kinds, dtype=np.str_), known, answerable, right_page, right, np.ones(len(rows)))


def _asked_elsewhere(gold: Gold, engine: Engine, progress: Progress) -> _Absent:
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
    return _Absent(np.array(signals, dtype=np.float64).reshape(-1, len(SIGNALS)), np.array(kinds, dtype=np.str_))


def _joined(first: _Examined, further: Sequence[_Examined]) -> _Examined:
    """All as one; a question of the first has a weight of 1."""
    weighted = [first]
    for part in further:
        share = FURTHER * len(first.weights) / max(len(part.weights), 1)
        weighted.append(replace(part, weights=part.weights * share))
    return _Examined(*(np.concatenate(columns) for columns in zip(*map(_columns, weighted), strict=True)))


def _with(
    absent: Floats, share: float, signals: Floats, labels: Flags, weights: Floats
) -> tuple[Floats, Flags, Floats]:
    """Questions with those that were asked where their page is not, which are none of what is labelled."""
    count = len(absent)
    return (
        np.concatenate([signals, absent]),
        np.concatenate([labels, np.zeros(count, dtype=bool)]),
        np.concatenate([weights, np.full(count, share)]),
    )


def _columns(examined: _Examined) -> tuple[Any, ...]:
    return tuple(getattr(examined, field.name) for field in fields(examined))


def _groups(kinds: NDArray[np.str_], held: Flags) -> list[tuple[Kind, ...]]:
    """The kinds that have a judge together: each its own, unless there are too few questions of one to fit it on."""
    labels = [held[kinds == kind] for kind in Kind]
    enough = all(min(own.sum(), (~own).sum()) >= _FEWEST for own in labels)
    return [(kind,) for kind in Kind] if enough else [tuple(Kind)]


def _is_right(item: GoldItem, answer: str) -> bool:
    return any(token_f1(answer, " ".join(quotes)) >= CORRECT_F1 for quotes in item.answers)


def _unseen(
    features: Floats, labels: Flags, weights: Floats, of: Flags | None = None, elsewhere: Floats | None = None
) -> Floats:
    """The probability that each question gets from a model fitted on the others: what new questions will get.

    With its own model a question looks surer than it is, and a threshold taken there refuses more than it says. With
    `of` the models are fitted on these questions alone, with `elsewhere` on such as were asked where their page is not,
    too.
    """
    absent = np.zeros((0, features.shape[1])) if elsewhere is None else elsewhere
    taught = np.ones(len(labels), dtype=bool) if of is None else of
    probabilities = np.zeros(len(labels))
    # Every fold has its share of each kind.
    fold = np.where(labels, np.cumsum(labels), np.cumsum(~labels)) % _FOLDS
    for part in range(_FOLDS):
        own = fold == part
        others = ~own & taught
        taken = _with(absent, _UNANSWERED, features[others], labels[others], weights[others])
        model = _logistic(*taken, fewest=2)
        probabilities[own] = 1 / (1 + np.exp(-(features[own] @ list(model.weights.values()) + model.bias)))
    return probabilities


def _logistic(features: Floats, labels: Flags, weights: Floats, fewest: int = _FEWEST) -> Logistic:
    """A ridge logistic model of the standardised signals, with weights for the signals as they are.

    With fewer than `fewest` labels of one kind it is their share.
    """
    share = float(np.average(labels, weights=weights))
    if min(labels.sum(), (~labels).sum()) < fewest:
        odds = min(max(share, _SURE), 1 - _SURE)
        return constant(round(math.log(odds / (1 - odds)), 4))
    from sklearn.linear_model import LogisticRegression  # comes with sentence-transformers; never used in serving

    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    model = LogisticRegression(C=_C, max_iter=1000).fit((features - mean) / spread, labels, sample_weight=weights)
    scaled = model.coef_[0] / spread
    named = {name: round(float(weight), 4) for name, weight in zip(SIGNALS, scaled, strict=True)}
    return Logistic(named, round(float(model.intercept_[0] - scaled @ mean), 4))
