"""Two runs over the same questions: what changed, whether it is more than luck, which questions were won and lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from procqa.errors import ProcqaError
from procqa.evaluation import outputs
from procqa.evaluation.intervals import Floats, Statistic, weighted_means
from procqa.evaluation.metrics import METRICS, RUN_METRICS, question_values
from procqa.evaluation.records import Row, RunHeader
from procqa.evaluation.selective import Judged
from procqa.evaluation.significance import Change, paired_changes
from procqa.evaluation.templating import write_page
from procqa.evaluation.wording import shown, topics

DECIDING = "squad_f1_all"  # the one metric that every question has: who wins a question


@dataclass(frozen=True, slots=True)
class MetricChange:
    """A metric's change, and on how many questions the second run does better or worse (None for a whole run's)."""

    name: str
    change: Change
    won: int | None
    lost: int | None

    @property
    def is_gain(self) -> bool:
        """Whether the second run is significantly better."""
        return self.change.significant and self._better

    @property
    def is_loss(self) -> bool:
        """Whether the second run is significantly worse."""
        return self.change.significant and not self._better

    @property
    def _better(self) -> bool:
        return ((self.change.difference or 0.0) > 0) == METRICS[self.name].higher_is_better


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """A question that the two runs score differently, by DECIDING."""

    first: Row
    second: Row
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Second run against first. `won` and `lost` are seen from the second, the greatest change first."""

    first: RunHeader
    second: RunHeader
    questions: int
    changes: Mapping[str, MetricChange]
    won: tuple[QuestionChange, ...]
    lost: tuple[QuestionChange, ...]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Metrics that neither run has a value of."""
        return tuple(
            name for name, item in self.changes.items() if item.change.first is None and item.change.second is None
        )


def compare_runs(first: Path, second: Path) -> Comparison:
    """Compare two run folders over the questions both have.

    Raises ProcqaError when a folder holds no run, the gold differs or no question is shared.
    """
    (header_a, all_a), (header_b, all_b) = outputs.read_run(first), outputs.read_run(second)
    if header_a.gold_sha256 != header_b.gold_sha256:
        raise ProcqaError(
            f"{first} and {second} were run on different gold ({header_a.gold_file} {header_a.gold_sha256[:12]}, "
            f"{header_b.gold_file} {header_b.gold_sha256[:12]}); run both on the same file."
        )
    of_b = {row.id: row for row in all_b}
    rows_a = [row for row in all_a if row.id in of_b]
    if not rows_a:
        raise ProcqaError(f"{first} and {second} share no question; let both runs finish.")
    rows_b = [of_b[row.id] for row in rows_a]
    values_a, values_b = question_values(rows_a), question_values(rows_b)
    won, lost = _questions(rows_a, rows_b, values_a[DECIDING], values_b[DECIDING])
    changes = _changes(rows_a, rows_b, values_a, values_b)
    return Comparison(header_a, header_b, len(rows_a), changes, won, lost)


def comparison_text(comparison: Comparison) -> str:
    """A table for the terminal, a metric a line, and what was won and lost."""
    first, second = comparison.first, comparison.second
    head = ("", "A", "B", "B − A", "95% interval", "p", "won", "lost", "")
    lines = [head, *(_cells(item) for item in _ordered(comparison))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    table = [
        "  ".join(cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line[:-1], widths, strict=False)) for line in lines)
    ]
    verdicts = [line[-1] for line in lines]
    return "\n".join(
        [
            f"A: {_named(first)}",
            f"B: {_named(second)}",
            f"{comparison.questions} questions of {first.gold_file}; B wins {len(comparison.won)} of them "
            f"and loses {len(comparison.lost)}.",
            "",
            *(f"{line}  {verdict}".rstrip() for line, verdict in zip(table, verdicts, strict=True)),
        ]
    )


def write_comparison(comparison: Comparison, path: Path) -> Path:
    """Write compare.html: the table, and won and lost questions side by side. Raises ProcqaError when it cannot."""
    write_page(
        path,
        "compare.html.jinja",
        comparison=comparison,
        topics=topics(),
        left_out=comparison.left_out,
        deciding=METRICS[DECIDING].title,
    )
    return path


def _changes(
    rows_a: Sequence[Row], rows_b: Sequence[Row], values_a: Mapping[str, Floats], values_b: Mapping[str, Floats]
) -> dict[str, MetricChange]:
    pooled = {name: np.concatenate([values_a[name], values_b[name]]) for name in values_a}
    changes = paired_changes(_pool_statistic(pooled, Judged.of([*rows_a, *rows_b])), len(rows_a))
    named = dict(zip([*pooled, *RUN_METRICS], changes, strict=True))
    return {name: MetricChange(name, change, *_score(name, values_a, values_b)) for name, change in named.items()}


def _pool_statistic(values: Mapping[str, Floats], judged: Judged) -> Statistic:
    """Every metric of weighted questions: the columns are `values`, then RUN_METRICS."""
    columns = np.stack(list(values.values()), axis=1)

    def statistic(weights: Floats) -> Floats:
        of_run = [metric.of(judged, weights)[:, None] for metric in RUN_METRICS.values()]
        return np.concatenate([weighted_means(columns, weights), *of_run], axis=1)

    return statistic


def _score(
    name: str, values_a: Mapping[str, Floats], values_b: Mapping[str, Floats]
) -> tuple[int, int] | tuple[None, None]:
    """On how many questions the second run is better, and worse; what is undefined in one of them is neither."""
    if name not in values_a:
        return None, None
    gains = (values_b[name] - values_a[name]) * (1 if METRICS[name].higher_is_better else -1)
    return int((gains > 0).sum()), int((gains < 0).sum())


def _questions(
    rows_a: Sequence[Row], rows_b: Sequence[Row], before: Floats, after: Floats
) -> tuple[tuple[QuestionChange, ...], tuple[QuestionChange, ...]]:
    changed = [
        QuestionChange(a, b, float(x), float(y))
        for a, b, x, y in zip(rows_a, rows_b, before, after, strict=True)
        if x != y
    ]
    changed.sort(key=lambda item: -abs(item.after - item.before))
    return tuple(item for item in changed if item.after > item.before), tuple(
        item for item in changed if item.after < item.before
    )


def _ordered(comparison: Comparison) -> list[MetricChange]:
    """The metrics that have a value, in the order of the report."""
    names = [name for topic in topics() for name in topic.names]
    return [comparison.changes[name] for name in names if name not in comparison.left_out]


def _cells(item: MetricChange) -> tuple[str, ...]:
    change = item.change
    interval = "" if change.low is None else f"{_signed(item.name, change.low)} to {_signed(item.name, change.high)}"
    return (
        METRICS[item.name].title,
        shown(item.name, change.first, 3),
        shown(item.name, change.second, 3),
        _signed(item.name, change.difference),
        interval,
        "" if change.p is None else f"{change.p:.4f}",
        "" if item.won is None else str(item.won),
        "" if item.lost is None else str(item.lost),
        "better" if item.is_gain else "WORSE" if item.is_loss else "",
    )


def _signed(name: str, value: float | None) -> str:
    return shown(name, value, 3, sign=True)


def _named(run: RunHeader) -> str:
    return f"{run.system}, commit {run.commit}, index {run.index_version}, {run.embedding_model}, {run.created}"
