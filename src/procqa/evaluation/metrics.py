"""The registry of metrics, and metrics.json worked out from the rows of a run.

A new metric is one pure function and one line here: over a question in ANSWER_METRICS (its mean is the figure), over
the whole run in RUN_METRICS. Metrics of the ranking stand in ranking.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from procqa.evaluation import answers, selective
from procqa.evaluation.intervals import Floats, bootstrap, percentile_interval, weighted_means
from procqa.evaluation.ranking import RANKING_METRICS, ranking_scores
from procqa.evaluation.records import Curves, Figure, Metrics, Row, RunHeader
from procqa.evaluation.selective import Flags, Judged, Places

DIGITS = 6


@dataclass(frozen=True, slots=True)
class AnswerMetric:
    """A value of one question."""

    title: str
    of: Callable[[Row], float | None]
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class RunMetric:
    """A value of many questions; `counted` tells which of them it speaks of."""

    title: str
    of: Callable[[Judged, Floats], Floats]
    counted: Callable[[Judged], Flags]
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """How to show a metric and which way is better; `per_question` ones have a value for each question."""

    title: str
    higher_is_better: bool
    per_question: bool


def _every(judged: Judged) -> Flags:
    return np.ones(len(judged.confidence), dtype=bool)


def _given(judged: Judged) -> Flags:
    return judged.answered


def _timed(judged: Judged) -> Flags:
    return ~np.isnan(judged.latency)


ANSWER_METRICS: Mapping[str, AnswerMetric] = {
    "squad_f1_all": AnswerMetric("Score over all questions", answers.squad_f1_all),
    "right_page": AnswerMetric("Answer from a right page", answers.right_page),
    "right_section": AnswerMetric("Answer from a right section", answers.right_section),
    "exact_match": AnswerMetric("Exact match", answers.exact_match),
    "token_f1": AnswerMetric("Token F1", answers.token_f1),
    "span_overlap": AnswerMetric("Overlap of spans", answers.span_overlap),
    "item_precision": AnswerMetric("Precision of list items", answers.item_precision),
    "item_recall": AnswerMetric("Recall of list items", answers.item_recall),
    "verbatim": AnswerMetric("Citations verbatim", answers.verbatim),
    "twin_answer": AnswerMetric("Answered from a twin page", answers.twin_answer, higher_is_better=False),
    "false_answer": AnswerMetric("Unanswerable but answered", answers.false_answer, higher_is_better=False),
    "false_refusal": AnswerMetric("Answerable but refused", answers.false_refusal, higher_is_better=False),
    "true_reason": AnswerMetric("Reasons that are true", answers.true_reason),
    "failed": AnswerMetric("Failed", answers.failed, higher_is_better=False),
}

RUN_METRICS: Mapping[str, RunMetric] = {
    "auroc": RunMetric("AUROC of confidence", selective.auroc, _every),
    "aurc": RunMetric("Area under risk-coverage", selective.aurc, _every, higher_is_better=False),
    "coverage_at_95_precision": RunMetric("Coverage at 95% precision", selective.coverage_at_precision, _every),
    "ece": RunMetric("Expected calibration error", selective.ece, _given, higher_is_better=False),
    "answer_words_p50": RunMetric("Words of an answer, median", selective.median_words, _given, higher_is_better=False),
    "latency_p50_ms": RunMetric(
        "Latency, median", partial(selective.latency_percentile, share=0.50), _timed, higher_is_better=False
    ),
    "latency_p95_ms": RunMetric(
        "Latency, 95th percentile", partial(selective.latency_percentile, share=0.95), _timed, higher_is_better=False
    ),
    "latency_p99_ms": RunMetric(
        "Latency, 99th percentile", partial(selective.latency_percentile, share=0.99), _timed, higher_is_better=False
    ),
}

METRICS: Mapping[str, MetricInfo] = {
    **{name: MetricInfo(metric.title, metric.higher_is_better, True) for name, metric in ANSWER_METRICS.items()},
    **{name: MetricInfo(metric.title, True, True) for name, metric in RANKING_METRICS.items()},
    **{name: MetricInfo(metric.title, metric.higher_is_better, False) for name, metric in RUN_METRICS.items()},
}


def measure(run: RunHeader, rows: Sequence[Row]) -> Metrics:
    """Every metric of a run: in all and by group, with 95% bootstrap intervals over questions."""
    values = question_values(rows)
    judged = Judged.of(rows)
    figures = {
        group: group_figures({name: of_all[places] for name, of_all in values.items()}, judged.take(places))
        for group, places in groups(rows).items()
    }
    questions = tuple(
        {"id": row.id, **{name: _rounded(of_all[place]) for name, of_all in values.items()}}
        for place, row in enumerate(rows)
    )
    curves = Curves(
        risk_coverage=tuple((round(x, DIGITS), round(y, DIGITS)) for x, y in selective.risk_coverage(judged)),
        reliability=tuple((round(x, DIGITS), round(y, DIGITS), n) for x, y, n in selective.reliability(judged)),
        latency_ms=tuple(judged.latency[_timed(judged)].tolist()),
    )
    return Metrics(run, figures, questions, curves)


def question_values(rows: Sequence[Row]) -> dict[str, Floats]:
    """The value of each per-question metric for each row, shape (n,); NaN where the metric says nothing of it."""
    values: dict[str, Sequence[float | None]] = {
        name: [metric.of(row) for row in rows] for name, metric in ANSWER_METRICS.items()
    }
    values.update(ranking_scores(rows))
    return {name: np.array(of_rows, dtype=np.float64) for name, of_rows in values.items()}


def groups(rows: Sequence[Row]) -> dict[str, Places]:
    """The places of the rows of each group, "all" first, then in the order of their names."""
    members: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        for group in dict.fromkeys(_groups_of(row)):
            members.setdefault(group, []).append(place)
    named = {group: np.array(members[group], dtype=np.int64) for group in sorted(members)}
    return {"all": np.arange(len(rows)), **named}


def group_figures(values: Mapping[str, Floats], judged: Judged) -> dict[str, Figure]:
    """Each metric of one group of n questions, with its interval."""
    n = len(judged.confidence)
    columns = np.stack(list(values.values()), axis=1)
    counts = [int(count) for count in (~np.isnan(columns)).sum(axis=0)]
    counts += [int(metric.counted(judged).sum()) for metric in RUN_METRICS.values()]
    names = [*values, *RUN_METRICS]
    if n == 0:
        return {name: Figure(None, None, None, 0) for name in names}

    def statistic(weights: Floats) -> Floats:
        of_run = [metric.of(judged, weights)[:, None] for metric in RUN_METRICS.values()]
        return np.concatenate([weighted_means(columns, weights), *of_run], axis=1)

    value, samples = bootstrap(statistic, n)
    return {name: _figure(float(value[place]), samples[:, place], counts[place]) for place, name in enumerate(names)}


def _figure(value: float, samples: Floats, n: int) -> Figure:
    interval = percentile_interval(samples)
    if np.isnan(value) or interval is None:
        return Figure(None, None, None, n)
    return Figure(round(value, DIGITS), round(interval[0], DIGITS), round(interval[1], DIGITS), n)


def _groups_of(row: Row) -> list[str]:
    kind = [] if row.unanswerable is None else [f"unanswerable:{row.unanswerable}"]
    family = [] if row.family is None else [f"family:{row.family}"]
    sections = [f"section:{place.section}" for place in row.relevant]
    return ["follow_up" if row.history else "single", *kind, *family, *sections, *(f"tag:{tag}" for tag in row.tags)]


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS)
