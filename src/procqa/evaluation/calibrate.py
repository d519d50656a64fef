"""Fit the probability that an answer is right, and the threshold to answer from, on gold questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from procqa.answering.confidence import SIGNALS, Calibration, Judge, Kind, Logistic, constant, worth
from procqa.engine import Engine
from procqa.errors import GoldError
from procqa.evaluation.examining import ask_elsewhere, examine, joined
from procqa.evaluation.gold import load_gold
from procqa.evaluation.intervals import Floats
from procqa.evaluation.selective import Flags
from procqa.progress import Progress, silent

# Inverse strength of the ridge, from dev questions, each family judged by a fit on the others; a third and three times
# as much give the same within a point.
_C = 0.1
_FOLDS = 10
_SURE = 0.001  # no share that was seen is taken for nearer to never or always
# How much it counts that a question is asked where its page is not, for telling that a procedure has no page, and that
# there is no answer: few gold questions are about such. From dev; with more, homely questions are taken for such.
_ABSENT, _UNANSWERED = 0.15, 0.05
# How much a question that stands alone counts in the judge of follow-ups, of which there are fewer: much that speaks
# for an answer to the one does for one to the other. From dev and dev-2, each judged by a fit on the other as well.
_LENT = 0.2
# How much more a follow-up counts that is asked where its page is not: beside what is lent it would go under.
_ABSENT_AFTER = 2.0
_FEWEST = 20  # of right and of wrong answers each: with less a fit would be noise
# The signals (m, SIGNALS) of questions asked where their page is not, and how much each counts (m,).
Absence: TypeAlias = tuple[Floats, Floats]


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
    golds = [load_gold(path) for path, _ in sets]
    parts = [examine(gold, asked, progress) for gold, (_, asked) in zip(golds, sets, strict=True)]
    every = joined(parts[0], parts[1:])
    features, answerable, labels = every.signals, every.answerable, every.right
    if min(labels.sum(), (~labels).sum()) < _FEWEST:
        raise GoldError(
            f"{' and '.join(str(path) for path, _ in sets)}: {labels.sum()} right and {(~labels).sum()} wrong answers; "
            f"a calibration needs at least {_FEWEST} of each."
        )
    if not parts[0].answerable.any():
        raise GoldError(f"{gold_path} has no question with an answer, by which the threshold could be set.")
    absent = ask_elsewhere(golds[0], engine, progress)
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
        after = kinds == (Kind.FOLLOWING,)
        lent = _LENT if after else 0.0
        counts = every.weights * np.where(asked, 1.0, lent)
        taught = counts > 0
        learned = taught & answerable
        signals, counts, answered = features[taught], counts[taught], answerable[taught]
        own_absent = np.isin(absent.kinds, kinds)
        elsewhere = absent.signals, np.where(own_absent, _ABSENT_AFTER if after else 1.0, lent)
        judge = Judge(
            _logistic(*_with(elsewhere, _ABSENT, signals, every.known[taught], counts)),
            _logistic(*_with(elsewhere, _UNANSWERED, signals, held[taught], counts)),
            _logistic(signals[answered], right_page[learned], counts[answered]),
            _logistic(signals[answered], correct[learned], counts[answered]),
        )
        judges |= dict.fromkeys(kinds, judge)
        worths[asked] = worth(
            _unseen(signals, held[taught], counts, elsewhere=elsewhere)[asked[taught]],
            _unseen(signals, right_page[taught], counts, of=answered)[asked[taught]],
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


def _with(
    elsewhere: Absence, share: float, signals: Floats, labels: Flags, weights: Floats
) -> tuple[Floats, Flags, Floats]:
    """Questions with those that were asked where their page is not, which are none of what is labelled.

    Of these `elsewhere` has the signals and how much each counts in `share`.
    """
    absent, counts = elsewhere[0][elsewhere[1] > 0], elsewhere[1][elsewhere[1] > 0]
    return (
        np.concatenate([signals, absent]),
        np.concatenate([labels, np.zeros(len(absent), dtype=bool)]),
        np.concatenate([weights, share * counts]),
    )


def _groups(kinds: NDArray[np.str_], held: Flags) -> list[tuple[Kind, ...]]:
    """The kinds that have a judge together: each its own, unless there are too few questions of one to fit it on."""
    labels = [held[kinds == kind] for kind in Kind]
    enough = all(min(own.sum(), (~own).sum()) >= _FEWEST for own in labels)
    return [(kind,) for kind in Kind] if enough else [tuple(Kind)]


def _unseen(
    features: Floats, labels: Flags, weights: Floats, of: Flags | None = None, elsewhere: Absence | None = None
) -> Floats:
    """The probability that each question gets from a model fitted on the others: what new questions will get.

    With its own model a question looks surer than it is, and a threshold taken there refuses more than it says. With
    `of` the models are fitted on these questions alone, with `elsewhere` on such as were asked where their page is not,
    too.
    """
    absent = elsewhere or (features[:0], weights[:0])
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
