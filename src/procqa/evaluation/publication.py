"""The gate of a build: a snapshot is published only if it answers gold questions as well as the one before."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from procqa.embedding import Encoder
from procqa.errors import SnapshotError
from procqa.evaluation.compare import Comparison, compare_runs
from procqa.evaluation.gold import FAMILIES_FILE, Gold, check_gold, load_gold
from procqa.evaluation.metrics import METRICS
from procqa.evaluation.run import evaluate
from procqa.evaluation.systems import EngineSystem, System
from procqa.evaluation.wording import shown
from procqa.index.snapshot import Snapshot
from procqa.progress import Progress, silent

# What must not get significantly worse; and how much the first may lose at most, however few the questions are.
HELD = ("squad_f1_all", "right_page", "right_section", "token_f1", "false_answer", "twin_answer")
MOST_LOST = 0.05
_SHOWN = 10


def publication_gate(
    gold_file: Path, index: Path, *, encoder: Encoder | None = None, threads: int = 0, progress: Progress = silent
) -> Callable[[Path], list[str]]:
    """A gate for `build_index`: what a new snapshot loses against the current one of `index`, a sentence each.

    The gold must fit the new pages. Questions that do not fit the current ones, since they are about new words, are
    left out; without a current snapshot nothing is compared. Raises GoldError for a gold file that cannot be read.
    """
    gold = load_gold(gold_file)

    def gate(staging: Path) -> list[str]:
        after = EngineSystem(Snapshot(staging, encoder, threads))
        try:
            problems = check_gold(gold, after)
            if problems:
                more = [f"… and {len(problems) - _SHOWN} more."] if len(problems) > _SHOWN else []
                return [f"The gold does not fit the new pages: {text}." for text in problems[:_SHOWN]] + more
            try:
                before = EngineSystem(Snapshot.open(index, encoder, threads))
            except SnapshotError:
                return []
            try:
                return _losses(gold, gold_file, before, after, progress)
            finally:
                before.close()
        finally:
            after.close()

    return gate


def _losses(gold: Gold, gold_file: Path, before: System, after: System, progress: Progress) -> list[str]:
    shared = {item.id for item in gold.items if not check_gold(replace(gold, items=(item,)), before)}
    if not shared:
        return []
    with tempfile.TemporaryDirectory(prefix="procqa-") as name:
        folder = Path(name)
        subset = folder / gold_file.name
        lines = [line for line in gold_file.read_text(encoding="utf-8").split("\n") if line.strip()]
        subset.write_text("\n".join(line for line in lines if json.loads(line)["id"] in shared), encoding="utf-8")
        families = gold_file.parent / FAMILIES_FILE
        if families.is_file():
            shutil.copyfile(families, folder / FAMILIES_FILE)
        evaluate(subset, before, folder / "before", progress=progress)
        evaluate(subset, after, folder / "after", progress=progress)
        return _worse(compare_runs(folder / "before", folder / "after"))


def _worse(comparison: Comparison) -> list[str]:
    sentences = []
    for name in HELD:
        item = comparison.changes[name]
        much = name == HELD[0] and (item.change.difference or 0.0) < -MOST_LOST
        if item.is_loss or much:
            first, second = (shown(name, value, 3) for value in (item.change.first, item.change.second))
            sentences.append(
                f"{METRICS[name].title} falls from {first} to {second} over {comparison.questions} questions"
                f"{'' if item.change.p is None else f' (p = {item.change.p:.3f})'}."
            )
    if sentences and comparison.lost:
        worst = ", ".join(change.first.id for change in comparison.lost[:_SHOWN])
        sentences.append(f"The questions that lose most are {worst}.")
    return sentences
