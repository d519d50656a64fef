"""Fit the probability that an answer is right, and the threshold to answer from, on gold questions."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from procqa.answering.decide import SIGNALS, Calibration
from procqa.engine import Engine
from procqa.errors import GoldError
from procqa.evaluation.answers import CORRECT_F1
from procqa.evaluation.gold import GoldItem, load_gold
from procqa.evaluation.intervals import Floats
from procqa.evaluation.selective import Flags
from procqa.evaluation.text_scores import token_f1
from procqa.progress import Progress, silent

# Inverse strength of the ridge; with a few hundred questions a weaker one follows their chance.
_C = 0.3
_FEWEST = 20  # of right and of wrong answers each: with less a fit would be noise


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration, and what it does on the questions that it was fitted on."""

    calibration: Calibration
    questions: int
    right: int
    false_refusals: float
    false_answers: float


def calibrate(gold_path: Path, engine: Engine, *, refusals: float = 0.15, progress: Progress = silent) -> Fit:
    """Fit on every question of a gold file that the engine finds anything for.

    An answer counts as right as in the metrics: token F1 of at least one half; to an unanswerable question none does.
    The threshold is set where the share `refusals` of answerable questions is refused. Raises GoldError when there are
    too few right or wrong answers to fit on.
    """
    gold = load_gold(gold_path)
    signals, right, answerable = [], [], []
    with progress("Examining", len(gold.items), "questions") as advance:
        for item in gold.items:
            examined = engine.examine(item.question, item.history)
            advance(1)
            if examined is None:
                continue
            evidence, chosen = examined
            signals.append(astuple(evidence))
            right.append(_is_right(item, "\n".join(words.text for words in chosen.lines)))
            answerable.append(item.unanswerable is None)
    if min(sum(right), len(right) - sum(right)) < _FEWEST:
        raise GoldError(
            f"{gold_path} gives {sum(right)} right and {len(right) - sum(right)} wrong answers; "
            f"a calibration needs at least {_FEWEST} of each."
        )
    features, labels = np.array(signals), np.array(right)
    weights, bias = _logistic(features, labels)
    probabilities = 1 / (1 + np.exp(-(features @ weights + bias)))
    known = np.array(answerable)
    threshold = float(np.quantile(probabilities[known], refusals))
    named = {name: round(float(weight), 4) for name, weight in zip(SIGNALS, weights, strict=True)}
    return Fit(
        Calibration(engine.model, named, round(bias, 4), round(threshold, 4)),
        len(labels),
        int(labels.sum()),
        float((probabilities[known] < threshold).mean()),
        float((probabilities[~known] >= threshold).mean()) if (~known).any() else 0.0,
    )


def _is_right(item: GoldItem, answer: str) -> bool:
    return any(token_f1(answer, " ".join(quotes)) >= CORRECT_F1 for quotes in item.answers)


def _logistic(features: Floats, labels: Flags) -> tuple[Floats, float]:
    """Weights and bias for the signals as they are, from a ridge logistic model of the standardised ones."""
    from sklearn.linear_model import LogisticRegression  # comes with sentence-transformers; never used in serving

    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    model = LogisticRegression(C=_C, max_iter=1000).fit((features - mean) / spread, labels)
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - weights @ mean)
