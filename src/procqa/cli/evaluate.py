"""`procqa eval`: run gold questions, compare runs, check and import gold."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from procqa.answering.confidence import SIGNALS
from procqa.cli.options import fast_option, index_option, settings_from, threads_option
from procqa.progress import shown_on

# Importing the evaluation takes a second (it brings the metrics library), so each command imports what it needs.

_FIGURES = (
    "squad_f1_all",
    "right_page",
    "right_section",
    "token_f1",
    "twin_answer",
    "false_answer",
    "false_refusal",
    "auroc",
    "ece",
    "answer_words_p50",
    "latency_p50_ms",
)
_gold_option = click.option(
    "--gold", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Gold questions, one a line."
)
_url_option = click.option("--url", help="Ask a running service at this address instead of an index.")


@click.group("eval")
def evaluation() -> None:
    """Measure answers against gold questions."""


@evaluation.command()
@_gold_option
@index_option
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("eval/runs/latest"), show_default=True
)
@click.option("--system", help="procqa, or a baseline: bm25, dense, fusion.  [default: procqa]")
@click.option(
    "--without", multiple=True, help="Leave out a part of procqa's score, to see what it is worth; may be repeated."
)
@_url_option
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Questions asked at once.")
@click.option("--fresh", is_flag=True, help="Throw away an unfinished run in --out instead of going on with it.")
@click.option("--sample", type=click.IntRange(1), help="Ask only this many questions, evenly spread over the file.")
@click.option(
    "--gate", type=click.Path(path_type=Path, dir_okay=False), help="Fail (exit 1) below the floors in this file."
)
@threads_option
def run(
    gold: Path,
    index: Path | None,
    out: Path,
    system: str | None,
    without: tuple[str, ...],
    url: str | None,
    workers: int,
    fresh: bool,
    sample: int | None,
    gate: Path | None,
    threads: int | None,
) -> None:
    """Ask every gold question; write run.jsonl, metrics.json and report.html."""
    from procqa.evaluation import METRICS, evaluate, open_service, open_system
    from procqa.evaluation.report import write_report

    if url and (system or index or without):
        raise click.UsageError("--url asks a service, which has a system and an index of its own.")
    settings = settings_from(index=index, threads=threads)
    asked = (
        open_service(url)
        if url
        else open_system(system or "procqa", index=settings.index, threads=settings.threads, without=without)
    )
    try:
        metrics = evaluate(gold, asked, out, workers=workers, progress=shown_on(sys.stderr), fresh=fresh, sample=sample)
    finally:
        asked.close()
    write_report(out)
    for name in _FIGURES:
        figure = metrics.figures["all"][name]
        if figure.value is not None and figure.low is not None and figure.high is not None:
            interval = f"{figure.low:.3f} to {figure.high:.3f}"
            click.echo(f"{METRICS[name].title:36} {figure.value:8.3f}  ({interval}, n={figure.n})")
    click.echo(f"Written: {out / 'run.jsonl'}, {out / 'metrics.json'}, {out / 'report.html'}")
    if gate:
        _hold_gate(gate, out)


@evaluation.command()
@click.argument("run_a", type=click.Path(path_type=Path, file_okay=False))
@click.argument("run_b", type=click.Path(path_type=Path, file_okay=False))
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write the differences as a page.")
@click.option(
    "--gate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Fail (exit 1) on a significant loss or below a floor.",
)
def compare(run_a: Path, run_b: Path, html: Path | None, gate: Path | None) -> None:
    """Tell how RUN_B differs from RUN_A, with confidence intervals."""
    from procqa.evaluation.compare import compare_runs, comparison_text, write_comparison

    comparison = compare_runs(run_a, run_b)
    click.echo(comparison_text(comparison))
    if html:
        write_comparison(comparison, html)
        click.echo(f"Written: {html}")
    if gate:
        _hold_gate(gate, run_b, run_a)


@evaluation.command()
@_gold_option
@index_option
@_url_option
def check(gold: Path, index: Path | None, url: str | None) -> None:
    """Tell which gold questions do not fit the pages (exit 1 when any does not)."""
    from procqa.evaluation import check_gold, load_gold, open_service, open_system

    items = load_gold(gold)
    system = open_service(url) if url else open_system(index=settings_from(index=index).index)
    try:
        problems = check_gold(items, system)
    finally:
        system.close()
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    click.echo(f"{gold}: {len(items.items)} questions fit the pages.")


@evaluation.command()
@click.option(
    "--file", "path", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Questions with candidates."
)
@index_option
@click.option("--system", type=click.Choice(["procqa", "dense", "bm25"]), default="procqa", show_default=True)
@threads_option
def choose(path: Path, index: Path | None, system: str, threads: int | None) -> None:
    """Score how well given sentences are chosen (MRR and MAP); the index lends its encoder."""
    from procqa.evaluation.choice import evaluate_choice, load_choice
    from procqa.evaluation.choice_scorers import bm25_scorer, dense_scorer, procqa_scorer
    from procqa.index.snapshot import Snapshot

    settings = settings_from(index=index, threads=threads)
    if system == "bm25":
        score = bm25_scorer(load_choice(path))
    else:
        encoder = Snapshot.open(settings.index, threads=settings.threads).encoder
        score = dense_scorer(encoder) if system == "dense" else procqa_scorer(encoder)
    for name, figure in evaluate_choice(path, score).figures.items():
        click.echo(f"{name.upper():4} {figure.value:.3f}  ({figure.low:.3f} to {figure.high:.3f}, n={figure.n})")


@evaluation.command()
@_gold_option
@index_option
@click.option(
    "--also",
    type=(click.Path(path_type=Path), click.Path(path_type=Path, file_okay=False)),
    multiple=True,
    metavar="FILE INDEX",
    help="Weigh the signals by these questions, asked of that index, as well; may be repeated.",
)
@click.option(
    "--refusals",
    type=click.FloatRange(0, 1),
    default=0.15,
    show_default=True,
    help="Share of answerable questions that may be refused; the threshold follows from it.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(SIGNALS),
    metavar="SIGNAL",
    help="Weigh only this signal (line, dense, answered, ...), to see what the others are worth; may be repeated.",
)
@fast_option
@threads_option
def calibrate(
    gold: Path,
    index: Path | None,
    also: tuple[tuple[Path, Path], ...],
    refusals: float,
    only: tuple[str, ...],
    fast: bool | None,
    threads: int | None,
) -> None:
    """Fit confidence and the threshold to answer on gold questions, and keep them with the index.

    Fit on questions that are not used to report results.
    """
    from procqa.engine import Engine
    from procqa.evaluation.calibrate import calibrate as fit_to

    settings = settings_from(index=index, fast=fast, threads=threads)
    with ExitStack() as opened:

        def engine_of(folder: Path) -> Engine:
            engine = Engine.open(folder, threads=settings.threads, read=not settings.fast)
            opened.callback(engine.close)
            return engine

        engine = engine_of(settings.index)
        others = [(questions, engine_of(folder)) for questions, folder in also]
        fit = fit_to(gold, engine, also=others, refusals=refusals, only=only, progress=shown_on(sys.stderr))
    path = fit.calibration.save(settings.index)
    click.echo(
        f"Fitted on {fit.questions} questions, {fit.right} of them answered right. Answering from "
        f"{fit.calibration.threshold:.2f} on refuses {fit.false_refusals:.0%} of the answerable and answers "
        f"{fit.false_answers:.0%} of the unanswerable ones. Written: {path}"
    )


@evaluation.command("import")
@click.argument("form", type=click.Choice(["beir", "squad"]))
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
def import_(form: str, source: Path, out: Path) -> None:
    """Turn a BEIR folder or a SQuAD 2.0 file into a corpus and a gold file in OUT."""
    from procqa.evaluation.importers import import_beir, import_squad

    imported = import_beir(source, out) if form == "beir" else import_squad(source, out)
    click.echo(imported.describe())


def _hold_gate(gate: Path, run: Path, baseline: Path | None = None) -> None:
    from procqa.evaluation.gate import check_gate

    failures = check_gate(gate, run, baseline)
    for failure in failures:
        click.echo(f"Gate: {failure}", err=True)
    if failures:
        sys.exit(1)
    click.echo("The gate holds.")
