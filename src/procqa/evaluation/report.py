"""report.html of a run: the figures with their intervals, curves, groups and the worst failures, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from procqa.evaluation import outputs
from procqa.evaluation.charts import interval_bar, latency_chart, reliability_chart, risk_coverage_chart
from procqa.evaluation.failures import SUCCESSES, by_ending, seen_passages
from procqa.evaluation.records import Figure, Metrics
from procqa.evaluation.templating import write_page
from procqa.evaluation.wording import topics

REPORT = "report.html"
WORST = 8  # failures of a kind that are shown in full
PASSAGES = 5  # retrieved passages shown with each
_KEY_FIGURES = ("squad_f1_all", "right_page", "right_section", "token_f1", "twin_answer", "false_answer")
_OF_ANSWERS = ("right_page", "right_section", "token_f1")


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Groups of one kind, whose names share a prefix, and the metrics shown for them."""

    title: str
    intro: str
    prefixes: tuple[str, ...]
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A group's figures and their drawn bars, in the order of the breakdown's metrics."""

    name: str
    n: int
    cells: tuple[tuple[Figure, Markup], ...]


BREAKDOWNS = (
    Breakdown("By section", "The section of the page that has the answer.", ("section:",), _OF_ANSWERS),
    Breakdown("By tag", "How the question is put, and by whom.", ("tag:",), _OF_ANSWERS),
    Breakdown("Single questions and follow-ups", "", ("single", "follow_up"), _OF_ANSWERS),
    Breakdown(
        "By kind of unanswerable question",
        "No page answers these. Less is better: every answer is a false one.",
        ("unanswerable:",),
        ("false_answer",),
    ),
    Breakdown(
        "By family of twin pages",
        "Procedures that are easily taken for one another.",
        ("family:",),
        ("right_page", "token_f1", "twin_answer"),
    ),
)


def write_report(out_dir: Path) -> Path:
    """Write report.html beside the run.jsonl and metrics.json of a run folder. Raises ProcqaError without them."""
    _, rows = outputs.read_run(out_dir)
    metrics = outputs.read_metrics(out_dir)
    path = out_dir / REPORT
    endings = by_ending(rows)
    write_page(
        path,
        "report.html.jinja",
        run=metrics.run,
        figures=metrics.figures["all"],
        key_figures=[name for name in _KEY_FIGURES if name in metrics.figures["all"]],
        topics=topics(),
        curves=_curves(metrics),
        breakdowns=[(breakdown, _bars(breakdown, metrics)) for breakdown in BREAKDOWNS],
        endings=endings,
        failures={kind: found for kind, found in endings.items() if found and kind not in SUCCESSES},
        questions=len(rows),
        worst=WORST,
        passages_of=lambda row: seen_passages(row, PASSAGES),
        interval_bar=interval_bar,
    )
    return path


def _curves(metrics: Metrics) -> dict[str, Markup]:
    """The charts that the run has data for."""
    curves, figures = metrics.curves, metrics.figures["all"]
    charts = {}
    if curves.risk_coverage:
        charts["risk_coverage"] = risk_coverage_chart(curves.risk_coverage)
    if curves.reliability:
        charts["reliability"] = reliability_chart(curves.reliability)
    if curves.latency_ms:
        named = {"median": "latency_p50_ms", "95%": "latency_p95_ms", "99%": "latency_p99_ms"}
        values = {words: figures[name].value for words, name in named.items() if name in figures}
        marks = [(words, value) for words, value in values.items() if value is not None]
        charts["latency"] = latency_chart(curves.latency_ms, marks)
    return charts


def _bars(breakdown: Breakdown, metrics: Metrics) -> list[Bars]:
    """The groups that have a figure, those of most questions first."""
    bars = []
    for group, figures in metrics.figures.items():
        prefix = next((prefix for prefix in breakdown.prefixes if group.startswith(prefix)), None)
        shown = [figures[name] for name in breakdown.metrics if name in figures]
        if prefix is None or all(figure.value is None for figure in shown):
            continue
        name = group.removeprefix(prefix) or group
        cells = tuple((figure, interval_bar(figure)) for figure in shown)
        bars.append(Bars(name.replace("_", " "), max(figure.n for figure in shown), cells))
    return sorted(bars, key=lambda group: (-group.n, group.name))
