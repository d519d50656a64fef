"""Ask a system every gold question and work out the metrics.

Rows are added to run.jsonl as they come, so that a run that was ended goes on where it stopped; at the end they stand
in gold order, and two runs of the same thing differ in `created` and the timings alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import fields, replace
from pathlib import Path

from procqa.errors import GoldError, ProcqaError
from procqa.evaluation import outputs
from procqa.evaluation.gold import Gold, GoldItem, check_gold, load_gold, locate
from procqa.evaluation.metrics import measure
from procqa.evaluation.provenance import run_header
from procqa.evaluation.ranking import write_trec
from procqa.evaluation.records import Metrics, Row, RunHeader
from procqa.evaluation.systems import Outcome, System
from procqa.progress import Progress, silent

_PATH = re.compile(r"(?:[A-Za-z]:\\|(?<![\w/:.])/)(?:[^\s'\"/\\:]+[/\\])+(?=[^\s/\\])")


def evaluate(
    gold_path: Path,
    system: System,
    out_dir: Path,
    *,
    workers: int = 2,
    progress: Progress = silent,
    fresh: bool = False,
    sample: int | None = None,
) -> Metrics:
    """Run a gold file and write run.jsonl, metrics.json, run.trec and qrels.trec into `out_dir`.

    Rows of an unfinished run of the same thing are kept; `fresh` throws them away. A question that fails is a row with
    its error. `sample` asks only that many questions, spread evenly over the file. Raises GoldError when the gold does
    not fit the pages, ProcqaError when `out_dir` holds another run.
    """
    if workers < 1:
        raise ProcqaError(f"workers must be 1 or more, not {workers}.")
    gold = load_gold(gold_path)
    if sample is not None:
        gold = spread(gold, sample)
    require_fit(gold, system)
    header, kept = _begin(out_dir, run_header(gold, system.info()), fresh)
    blanks = {item.id: blank_row(item, gold, system) for item in gold.items}
    known = {row.id: row for row in kept if row.id in blanks}
    missing = [item for item in gold.items if item.id not in known]
    with progress("questions", len(gold.items), "question") as advance:
        advance(len(known))
        with outputs.appended(out_dir) as file, ThreadPoolExecutor(workers) as pool:
            waiting = [pool.submit(ask, system, item, blanks[item.id]) for item in missing]
            try:
                for done in as_completed(waiting):
                    row = done.result()
                    outputs.append_row(file, row)
                    known[row.id] = row
                    advance(1)
            finally:  # an interrupt must not wait for the questions still in the queue
                pool.shutdown(wait=True, cancel_futures=True)
    return finish(out_dir, header, [known[item.id] for item in gold.items])


def spread(gold: Gold, sample: int) -> Gold:
    """The gold with `sample` of its questions (or all, when it has fewer), evenly spread; its name says so."""
    count = len(gold.items)
    if sample >= count:
        return gold
    items = tuple(gold.items[place * count // sample] for place in range(sample))
    return replace(gold, name=f"{gold.name} ({sample} of {count})", items=items)


def require_fit(gold: Gold, system: System) -> None:
    """Raise GoldError with the list of what does not fit the pages."""
    problems = check_gold(gold, system)
    if problems:
        raise GoldError(f"The gold file {gold.name} does not fit the pages; mend it:\n" + "\n".join(problems))


def finish(out_dir: Path, header: RunHeader, rows: Sequence[Row]) -> Metrics:
    """Write the files of a run whose rows are complete and in gold order."""
    metrics = measure(header, rows)
    outputs.write_run(out_dir, header, rows)
    outputs.write_metrics(out_dir, metrics)
    write_trec(rows, out_dir / outputs.TREC_RUN, out_dir / outputs.TREC_QRELS, header.system)
    return metrics


def blank_row(item: GoldItem, gold: Gold, system: System) -> Row:
    """The gold part of a row."""
    return Row(
        id=item.id,
        question=item.question,
        history=item.history,
        tags=item.tags,
        unanswerable=item.unanswerable,
        family=gold.family(item),
        relevant=item.relevant,
        gold_answers=item.answers,
        gold_spans=locate(item, system),
        twin_pages=gold.twins(item),
    )


def ask(system: System, item: GoldItem, blank: Row) -> Row:
    """One question as a row, with what the asker waited; an error becomes the row's."""
    began = time.perf_counter()
    try:
        outcome = system.ask(item)
    except Exception as error:  # noqa: BLE001 - whatever fails, the question counts as failed and the run goes on
        return replace(blank, error=_sentence(error), timing_ms=_with_wall({}, began))
    row = replace(blank, **{part.name: getattr(outcome, part.name) for part in fields(Outcome)})
    return replace(row, timing_ms=_with_wall(outcome.timing_ms, began))


def _begin(out_dir: Path, header: RunHeader, fresh: bool) -> tuple[RunHeader, list[Row]]:
    """The header to go on with and the rows already there; run.jsonl is left whole, ready for more rows."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProcqaError(f"{out_dir} cannot be made a folder ({error.strerror}); use another --out.") from None
    if fresh or not (out_dir / outputs.RUN).exists():
        outputs.write_run(out_dir, header, [])
        return header, []
    stored, rows = outputs.read_run(out_dir)
    if replace(stored, created=header.created) != header:
        changed = [
            part.name
            for part in fields(header)
            if part.name != "created" and getattr(stored, part.name) != getattr(header, part.name)
        ]
        raise ProcqaError(
            f"{out_dir} holds a run of something else ({', '.join(changed)} differ); use another --out or --fresh."
        )
    outputs.write_run(out_dir, stored, rows)
    return stored, rows


def _sentence(error: Exception) -> str:
    """Kind and message of an error on one line, with file names but not their folders."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {_PATH.sub('', message)}" if message else type(error).__name__


def _with_wall(timing_ms: Mapping[str, float], began: float) -> dict[str, float]:
    return {**timing_ms, "wall": round((time.perf_counter() - began) * 1000, 3)}
