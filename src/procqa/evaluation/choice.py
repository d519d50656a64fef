"""Sentence choice: a question comes with its candidate sentences, and a system scores which of them answer it.

The file has one JSON object a line: {"id", "question", "candidates": [sentence, ...], "relevant": [index, ...]}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from procqa.evaluation.gold import read_items
from procqa.evaluation.intervals import bootstrap, percentile_interval, weighted_means
from procqa.evaluation.records import Figure

Score = Callable[[str, Sequence[str]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """A question, its candidates, and the indexes of those that answer it: at least one, each once, in order."""

    id: str
    question: str
    candidates: tuple[str, ...]
    relevant: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChoiceMetrics:
    """Each figure over all questions with its 95% bootstrap interval, and the values of each question."""

    figures: Mapping[str, Figure]
    questions: tuple[Mapping[str, Any], ...]


def evaluate_choice(path: Path, score: Score) -> ChoiceMetrics:
    """Score every question of a sentence choice file: `mrr` and `map`, the higher the better.

    `score(question, candidates)` gives a number for each candidate; one that is not a number counts as the lowest.
    Raises GoldError for a bad file, and ValueError when `score` gives another count of numbers.
    """
    questions: list[Mapping[str, Any]] = []
    for item in load_choice(path):
        scores = score(item.question, item.candidates)
        if len(scores) != len(item.candidates):
            raise ValueError(f"{item.id} has {len(item.candidates)} candidates, but {len(scores)} scores.")
        ranks = relevant_ranks(scores, item.relevant)
        questions.append({"id": item.id, **{name: metric(ranks) for name, metric in METRICS.items()}})
    values = np.array([[question[name] for name in METRICS] for question in questions], dtype=np.float64)
    means, resampled = bootstrap(lambda weights: weighted_means(values, weights), len(values))
    figures = {}
    for column, name in enumerate(METRICS):
        low, high = percentile_interval(resampled[:, column]) or (None, None)
        figures[name] = Figure(float(means[column]), low, high, len(values))
    return ChoiceMetrics(figures, tuple(questions))


def load_choice(path: Path) -> list[ChoiceItem]:
    """Read a sentence choice file. Raises GoldError with every bad line."""
    return read_items(path, "sentence choice file", _item)[1]


def relevant_ranks(scores: Sequence[float], relevant: Sequence[int]) -> list[int]:
    """The ranks, from 1, of the relevant candidates, best first.

    Candidates of equal scores keep their order, so that a constant score earns what the order of the page does.
    """
    values = np.asarray(scores, dtype=np.float64)
    values = np.where(np.isnan(values), -np.inf, values)
    order = np.argsort(-values, kind="stable")
    return [int(rank) + 1 for rank in np.flatnonzero(np.isin(order, relevant))]


def reciprocal_rank(ranks: Sequence[int]) -> float:
    """1 / the rank of the first relevant candidate."""
    return 1.0 / ranks[0]


def average_precision(ranks: Sequence[int]) -> float:
    """The mean, over the relevant candidates, of the precision down to each; all candidates are ranked."""
    return sum(found / rank for found, rank in enumerate(ranks, 1)) / len(ranks)


# Their means over questions are the figures; each takes the ranks of the relevant candidates, best first.
METRICS: Mapping[str, Callable[[Sequence[int]], float]] = {"mrr": reciprocal_rank, "map": average_precision}


def _item(values: Any) -> ChoiceItem:
    """One line as a ChoiceItem; raises ValueError with what is wrong with it."""
    if not isinstance(values, dict):
        raise ValueError("this is not a JSON object")  # noqa: TRY004 - one kind of error for a bad line
    item_id, question, candidates = values.get("id"), values.get("question"), values.get("candidates")
    if not isinstance(item_id, str) or not isinstance(question, str) or not item_id or not question.strip():
        raise ValueError("id and question must be strings that are not empty")
    if not isinstance(candidates, list) or not all(isinstance(text, str) for text in candidates):
        raise ValueError("candidates must be a list of strings")
    relevant = values.get("relevant")
    if not isinstance(relevant, list) or not relevant:
        raise ValueError("relevant must be a list of at least one index")
    if not all(type(index) is int and 0 <= index < len(candidates) for index in relevant):
        raise ValueError(f"relevant must be indexes from 0 to {len(candidates) - 1}")
    return ChoiceItem(item_id, question, tuple(candidates), tuple(sorted(set(relevant))))
