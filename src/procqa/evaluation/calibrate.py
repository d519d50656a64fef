"""Fit the probability that an answer is right, and the threshold to answer from, on gold questions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from procqa.answering.decide import SIGNALS, Calibration, Judge, Logistic
from procqa.engine import Engine
from procqa.errors import GoldError
from procqa.evaluation.answers import CORRECT_F1
from procqa.evaluation.gold import GoldItem, load_gold
from procqa.evaluation.intervals import Floats
from procqa.evaluation.selective import Flags
from procqa.evaluation.text_scores import token_f1
from procqa.progress import Progress, silent

# Inverse strength of the ridge, from dev questions, each family judged by a fit on the others; a third and three times
# as much give the same within a point.
_C = 0.1
_FOLDS = 10
_SURE = 0.001  # no share that was seen is taken for nearer to never or always
_FEWEST = 20  # of right and of wrong answers each: with less a fit would be noise


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration, and what it does on the questions of the file, each judged by a fit on the others."""

    calibration: Calibration
    questions: int
    right: int
    false_refusals: float
    false_answers: float


def calibrate(
    gold_path: Path,
    engine: Engine,
    *,
    refusals: float = 0.15,
    only: Sequence[str] = (),
    progress: Progress = silent,
) -> Fit:
    """Fit on every question of a gold file that the engine finds anything for.

    An answer counts as right as in the metrics: token F1 of at least one half; to an unanswerable question none does.
    The threshold is set where the share `refusals` of answerable questions is refused. With `only`, other signals get
    no weight (an ablation). Raises GoldError when there are too few right or wrong answers to fit on.
    """
    gold = load_gold(gold_path)
    signals, right, answerable = [], [], []
    with progress("Examining", len(gold.items), "questions") as advance:
        for item in gold.items:
            examined = engine.examine(item.question, item.history)
            advance(1)
            if examined is None:
                continue
            evidence, pieces = examined
            signals.append(astuple(evidence))
            right.append(_is_right(item, "\n".join(x.text for piece in pieces for x in piece.lines)))
            answerable.append(item.unanswerable is None)
    if min(sum(right), len(right) - sum(right)) < _FEWEST:
        raise GoldError(
            f"{gold_path} gives {sum(right)} right and {len(right) - sum(right)} wrong answers; "
            f"a calibration needs at least {_FEWEST} of each."
        )
    features, labels, known = np.array(signals), np.array(right), np.array(answerable)
    follows = features[:, SIGNALS.index("follows")] > 0
    if only:
        features[:, [name not in only for name in SIGNALS]] = 0.0
    # With hardly a question that has no answer, what is wrong stands for what cannot be answered.
    held = known if (~known).sum() >= _FEWEST else labels
    correct = labels | ((~known).sum() < _FEWEST)
    judges, probabilities = {}, np.zeros(len(held))
    for of_follow_ups, kind in _kinds(follows, held).items():
        judges[of_follow_ups] = Judge(
            _logistic(features[kind], held[kind]), _logistic(features[kind & known], correct[kind & known])
        )
        probabilities[kind] = _unseen(features[kind], held[kind])
    threshold = float(np.quantile(probabilities[known], refusals))
    return Fit(
        Calibration(engine.model, judges[False], judges[True], round(threshold, 4)),
        len(labels),
        int(labels.sum()),
        float((probabilities[known] < threshold).mean()),
        float((probabilities[~known] >= threshold).mean()) if (~known).any() else 0.0,
    )


def _kinds(follows: Flags, held: Flags) -> dict[bool, Flags]:
    """The questions that a judge of follow-ups (True) is fitted on, and those of a judge of other questions (False).

    The same for both, all of them, where there are too few of either.
    """
    kinds = {True: follows, False: ~follows}
    enough = all(min((held & kind).sum(), (~held & kind).sum()) >= _FEWEST for kind in kinds.values())
    return kinds if enough else dict.fromkeys(kinds, np.ones(len(held), dtype=bool))


def _is_right(item: GoldItem, answer: str) -> bool:
    return any(token_f1(answer, " ".join(quotes)) >= CORRECT_F1 for quotes in item.answers)


def _unseen(features: Floats, labels: Flags) -> Floats:
    """The probability that each question gets from a model fitted on the others: what new questions will get.

    With its own model a question looks surer than it is, and a threshold taken there refuses more than it says.
    """
    probabilities = np.zeros(len(labels))
    # Every fold has its share of each kind.
    fold = np.where(labels, np.cumsum(labels), np.cumsum(~labels)) % _FOLDS
    for part in range(_FOLDS):
        own = fold == part
        model = _logistic(features[~own], labels[~own], fewest=2)
        probabilities[own] = 1 / (1 + np.exp(-(features[own] @ list(model.weights.values()) + model.bias)))
    return probabilities


def _logistic(features: Floats, labels: Flags, fewest: int = _FEWEST) -> Logistic:
    """A ridge logistic model of the standardised signals, with weights for the signals as they are.

    With fewer than `fewest` labels of one kind it is their share.
    """
    share = float(labels.mean())
    if min(labels.sum(), (~labels).sum()) < fewest:
        odds = min(max(share, _SURE), 1 - _SURE)
        return Logistic(dict.fromkeys(SIGNALS, 0.0), round(math.log(odds / (1 - odds)), 4))
    from sklearn.linear_model import LogisticRegression  # comes with sentence-transformers; never used in serving

    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    model = LogisticRegression(C=_C, max_iter=1000).fit((features - mean) / spread, labels)
    weights = model.coef_[0] / spread
    named = {name: round(float(weight), 4) for name, weight in zip(SIGNALS, weights, strict=True)}
    return Logistic(named, round(float(model.intercept_[0] - weights @ mean), 4))
