"""The files of a run: run.jsonl, which grows row by row and survives being cut off, and metrics.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar

from procqa.errors import ProcqaError
from procqa.evaluation.records import Metrics, Row, RunHeader

T = TypeVar("T")

RUN, METRICS, TREC_RUN, TREC_QRELS = "run.jsonl", "metrics.json", "run.trec", "qrels.trec"


def read_run(out_dir: Path) -> tuple[RunHeader, list[Row]]:
    """The header and rows of a run folder; a last line that was cut off is left out. Raises ProcqaError."""
    path = out_dir / RUN
    try:
        # What stands after the last line end was cut off while it was written.
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    except OSError as error:
        raise ProcqaError(
            f"{path} cannot be read ({error.strerror}); make it with `procqa eval run --out {out_dir}`."
        ) from None
    if not lines:
        raise ProcqaError(f"{path} has no header; run again with --fresh.")
    header = _parsed(path, 1, lines[0], lambda values: RunHeader.from_json(values["run"]))
    return header, [_parsed(path, number, line, Row.from_json) for number, line in enumerate(lines[1:], 2)]


def write_run(out_dir: Path, header: RunHeader, rows: Sequence[Row]) -> None:
    """Write the whole run.jsonl at once: a reader sees the old file or the new one."""
    lines = [_line({"run": header.to_json()}), *(_line(row.to_json()) for row in rows)]
    _replace(out_dir / RUN, "".join(lines))


@contextmanager
def appended(out_dir: Path) -> Iterator[TextIO]:
    """run.jsonl opened for more rows."""
    with (out_dir / RUN).open("a", encoding="utf-8") as file:
        yield file


def append_row(file: TextIO, row: Row) -> None:
    """Add a row, and hand it to the system, so that ending the process loses none."""
    file.write(_line(row.to_json()))
    file.flush()


def read_metrics(out_dir: Path) -> Metrics:
    """metrics.json of a run folder. Raises ProcqaError."""
    path = out_dir / METRICS
    try:
        return Metrics.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        raise ProcqaError(f"{path} is missing or damaged; make it with `procqa eval run --out {out_dir}`.") from None


def write_metrics(out_dir: Path, metrics: Metrics) -> None:
    """Write metrics.json at once."""
    _replace(out_dir / METRICS, json.dumps(metrics.to_json(), ensure_ascii=False, allow_nan=False, indent=1) + "\n")


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"


def _parsed(path: Path, number: int, line: str, read: Callable[[Any], T]) -> T:
    try:
        return read(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ProcqaError(f"Line {number} of {path} is not part of a run; run again with --fresh.") from None


def _replace(path: Path, text: str) -> None:
    staged = path.with_name(f".{path.name}.new")
    staged.write_text(text, encoding="utf-8")
    staged.replace(path)
