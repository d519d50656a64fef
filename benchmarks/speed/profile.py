"""`python -m benchmarks.speed.profile`: the milliseconds of each stage of a question, without the stages inside it.

    python -m benchmarks.speed.profile --index INDEX --gold GOLD [--questions 300] [--threads 0]

Each question is first encoded alone and then asked, in turn, so that both see the same machine; figures are medians and
99th percentiles over all questions. A stage is a function of the table below; the rest of the time of asking is "else".
Milliseconds are those of the processor, of all threads together: other work on the machine hardly changes them.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from procqa.engine import Engine
from procqa.evaluation.gold import GoldItem, load_gold
from procqa.index.snapshot import Snapshot
from procqa.retrieval import read_query

# Where the functions stand that make up each stage: (stage, module, function or Class.method).
STAGES: Sequence[tuple[str, str, str]] = (
    ("encode", "procqa.embedding.onnx", "OnnxEncoder.encode_question"),
    ("dense search", "procqa.index.dense", "DenseIndex.search"),
    ("dense vectors", "procqa.index.dense", "DenseIndex.vectors"),
    ("words search", "procqa.index.lexical", "LexicalIndex.search"),
    ("read tokens", "procqa.index.tokens", "TokenIndex.gather"),
    ("compare tokens", "procqa.retrieval.search", "compare_lines"),
    ("follow", "procqa.retrieval.search", "follow"),
    ("sections", "procqa.retrieval.sections", "Sections.scores"),
    ("pool", "procqa.retrieval.pool", "Pool.propose"),
    ("rank", "procqa.retrieval.search", "Retriever._rank"),
    ("read pages", "procqa.index.store", "Store.document"),
    ("read passages", "procqa.index.store", "Store.passages"),
    ("evidence", "procqa.answering.draft", "Drafter.evidence"),
    ("like pages", "procqa.answering.draft", "Drafter.pages"),
    ("choose", "procqa.answering.draft", "Drafter.choose"),
    ("cite", "procqa.engine", "cite"),
)
ELSE = "else"


class Stopwatch:
    """Processor seconds of each stage of the question that is being asked; of one thread."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = 0.0

    def wrap(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, measured; the time of a stage inside another one is the inner one's alone."""

        @functools.wraps(function)
        def measured(*arguments: Any, **options: Any) -> Any:
            self._turn(stage)
            try:
                return function(*arguments, **options)
            finally:
                self._turn(None)

        return measured

    def _turn(self, begun: str | None) -> None:
        now = time.process_time()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        if begun is None:
            self._running.pop()
        else:
            self._running.append(begun)
        self._since = now


@contextmanager
def measured_stages() -> Iterator[Stopwatch]:
    """A stopwatch of every stage, in place of the functions themselves until the end of the block."""
    watch = Stopwatch()
    before: list[tuple[Any, str, Any]] = []
    for stage, module, name in STAGES:
        owner: Any = importlib.import_module(module)
        *path, attribute = name.split(".")
        for part in path:
            owner = getattr(owner, part)
        before.append((owner, attribute, getattr(owner, attribute)))
        setattr(owner, attribute, watch.wrap(stage, getattr(owner, attribute)))
    try:
        yield watch
    finally:
        for owner, attribute, function in before:
            setattr(owner, attribute, function)


def profile(index: Path, items: Sequence[GoldItem], threads: int) -> dict[str, Any]:
    """Percentiles in ms: of the encoder alone, of asking, of their ratio, and of each stage."""
    snapshot = Snapshot.open(index, threads=threads)
    engine = Engine(snapshot)
    alone: list[float] = []
    asked: list[float] = []
    stages: dict[str, list[float]] = {stage: [] for stage, _, _ in STAGES} | {ELSE: []}
    for item in items[:20]:
        engine.ask(item.question, history=item.history)
    for item in items:
        alone.append(_encoder_alone(snapshot, item))
        began = time.process_time()
        engine.ask(item.question, history=item.history)
        asked.append((time.process_time() - began) * 1000)
    with measured_stages() as watch:
        for item in items:
            watch.seconds.clear()
            began = time.process_time()
            engine.ask(item.question, history=item.history)
            total = time.process_time() - began
            for stage in stages:
                seconds = total - sum(watch.seconds.values()) if stage == ELSE else watch.seconds[stage]
                stages[stage].append(seconds * 1000)
    info = engine.info
    engine.close()
    return {
        "passages": info.passages,
        "questions": len(items),
        "load": [round(value, 2) for value in os.getloadavg()],
        "encoder_ms": percentiles(alone),
        "ask_ms": percentiles(asked),
        "ask_per_encoder": percentiles([whole / part for whole, part in zip(asked, alone, strict=True)]),
        "stages_ms": {stage: percentiles(values) for stage, values in stages.items()},
    }


def _encoder_alone(snapshot: Snapshot, item: GoldItem) -> float:
    """Milliseconds of encoding all that the question needs encoded."""
    query = read_query(item.question, item.history)
    began = time.process_time()
    for text in dict.fromkeys((query.context, query.focus)):
        snapshot.encoder.encode_question(text)
    return (time.process_time() - began) * 1000


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """The median and the 99th percentile."""
    return {name: round(float(np.percentile(values, share)), 3) for name, share in (("p50", 50), ("p99", 99))}


def table(figures: dict[str, Any]) -> str:
    """The figures for people."""
    rows = [("encoder alone", figures["encoder_ms"]), ("ask", figures["ask_ms"])]
    rows += [(f"  {stage}", values) for stage, values in figures["stages_ms"].items()]
    rows.append(("ask / encoder", figures["ask_per_encoder"]))
    head = f"{figures['passages']} passages, {figures['questions']} questions, load {figures['load'][0]}\n"
    lines = [f"{name:18}{values['p50']:9.3f}{values['p99']:9.3f}" for name, values in rows]
    return head + f"{'ms':18}{'p50':>9}{'p99':>9}\n" + "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True, help="folder of a built index")
    parser.add_argument("--gold", type=Path, required=True, help="questions to ask")
    parser.add_argument("--questions", type=int, default=300, help="how many of them (%(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="of the encoder; 0: as procqa chooses")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    items = load_gold(given.gold).items
    step = max(1, len(items) // given.questions)
    figures = profile(given.index, items[::step][: given.questions], given.threads)
    print(json.dumps(figures, indent=1) if given.json else table(figures))


if __name__ == "__main__":
    main()
