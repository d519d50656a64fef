"""The gate of continuous integration: floors that a run must keep, and metrics that must not get worse.

A gate file is JSON: {"floors": {"all.right_page": 0.6, "unanswerable:sibling.false_answer": {"at_most": 0.7}},
"no_loss": ["token_f1"]}. A floor names a group and a metric of metrics.json, with a number that the figure must reach,
or {"at_least": number, "at_most": number} (either or both).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from procqa.errors import ProcqaError
from procqa.evaluation import outputs
from procqa.evaluation.compare import compare_runs
from procqa.evaluation.metrics import METRICS
from procqa.evaluation.records import Figure, Metrics
from procqa.evaluation.wording import shown

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Floor:
    """Bounds of one figure; None means unbounded."""

    group: str
    metric: str
    at_least: float | None
    at_most: float | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate file demands."""

    floors: tuple[Floor, ...]
    no_loss: tuple[str, ...]


def check_gate(gate_file: Path, run: Path, baseline: Path | None = None) -> list[str]:
    """What a run folder fails of a gate, a sentence each; empty when it passes.

    "no_loss" is checked against the baseline run, and only when one is given: a metric fails when it is significantly
    worse there. Raises ProcqaError for a gate file that is malformed or names an unknown metric or group.
    """
    gate = load_gate(gate_file)
    metrics = outputs.read_metrics(run)
    failures = [text for floor in gate.floors for text in _missed(floor, _figure(floor, metrics, gate_file))]
    if baseline is None or not gate.no_loss:
        return failures
    changes = compare_runs(baseline, run).changes
    for name in gate.no_loss:
        item = changes[name]
        if item.is_loss:
            first, second = (shown(name, value, _DIGITS) for value in (item.change.first, item.change.second))
            failures.append(f"{name} got significantly worse: {first} before, {second} now (p = {item.change.p:.4f}).")
        elif item.change.first is not None and item.change.second is None:
            failures.append(f"{name} had a value before and has none now.")
    return failures


def load_gate(path: Path) -> Gate:
    """Read a gate file. Raises ProcqaError that names what is wrong in it."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProcqaError(f"The gate file {path} cannot be read ({error.strerror}); check its name.") from None
    except ValueError as error:
        raise ProcqaError(f"The gate file {path} is not JSON ({error}); mend it.") from None
    if not isinstance(values, dict) or not values.keys() <= {"floors", "no_loss"}:
        raise ProcqaError(f'The gate file {path} must be an object with "floors" and "no_loss" only; mend it.')
    floors, no_loss = values.get("floors", {}), values.get("no_loss", [])
    if not isinstance(floors, dict) or not isinstance(no_loss, list):
        raise ProcqaError(f'In the gate file {path} "floors" must be an object and "no_loss" a list; mend it.')
    if not floors and not no_loss:
        raise ProcqaError(f"The gate file {path} demands nothing; give it a floor.")
    for name in no_loss:
        _require_metric(name, path)
    return Gate(tuple(_floor(name, bound, path) for name, bound in floors.items()), tuple(no_loss))


def _floor(name: str, bound: Any, path: Path) -> Floor:
    group, _, metric = name.rpartition(".")
    _require_metric(metric, path)
    if not group:
        raise ProcqaError(f'The floor {name} in the gate file {path} names no group; write "all.{name}".')
    bounds = bound if isinstance(bound, dict) else {"at_least": bound}
    known = bounds and bounds.keys() <= {"at_least", "at_most"}
    if not known or not all(type(value) in (int, float) and isfinite(value) for value in bounds.values()):
        raise ProcqaError(
            f'The floor {name} in the gate file {path} must be a number or {{"at_least": number}} or '
            f'{{"at_most": number}}; mend it.'
        )
    return Floor(group, metric, *_bounds(bounds))


def _bounds(values: Mapping[str, float]) -> tuple[float | None, float | None]:
    return values.get("at_least"), values.get("at_most")


def _require_metric(name: Any, path: Path) -> None:
    if not isinstance(name, str) or name not in METRICS:
        raise ProcqaError(f"The gate file {path} names an unknown metric, {name}; known are {', '.join(METRICS)}.")


def _figure(floor: Floor, metrics: Metrics, path: Path) -> Figure:
    """The figure that a floor speaks of; a floor of a group that the run lacks would otherwise never fail."""
    figures = metrics.figures.get(floor.group)
    if figures is None:
        raise ProcqaError(
            f"The gate file {path} names the group {floor.group}, of which this run has no question; "
            f"it has {', '.join(metrics.figures)}."
        )
    if floor.metric not in figures:
        raise ProcqaError(f"This run has no metric {floor.metric}, which the gate file {path} names; run it again.")
    return figures[floor.metric]


def _missed(floor: Floor, figure: Figure) -> list[str]:
    name = f"{floor.group}.{floor.metric}"
    if figure.value is None:
        return [f"{name} has no value in this run, so its bound cannot be kept."]
    value = shown(floor.metric, figure.value, _DIGITS)
    missed = []
    if floor.at_least is not None and figure.value < floor.at_least:
        missed.append(f"{name} is {value}, below its floor of {shown(floor.metric, floor.at_least, _DIGITS)}.")
    if floor.at_most is not None and figure.value > floor.at_most:
        missed.append(f"{name} is {value}, above its ceiling of {shown(floor.metric, floor.at_most, _DIGITS)}.")
    return missed
