"""`python -m benchmarks.curves.quality_speed`: what an answer is worth, over the time that it takes.

    python -m benchmarks.curves.quality_speed --work FOLDER [--gold eval/gold-test.jsonl] [--corpus corpus]

For each of SYSTEMS the figures of `eval run` and the median time of a question, as a multiple of what the plain encoder
alone takes for the same questions in the same run, one question at a time: such a ratio bears a busy machine. The cut
encoders keep so many evenly spaced layers of the base, which is the shipped one by default, and learned to be like that
(`training.pupil`); `static` keeps none: its words always have the same vectors, and only what projects them is learned.
All but the shipped models answer from a confidence fitted to them on the dev questions. Systems already in
OUT/quality-speed.json are kept, models and indexes in FOLDER are used again. Needs `pip install
"procqa[train,benchmarks]"`; most of the time goes to teaching.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator

from benchmarks.curves.drawing import figure_of, save_plot
from benchmarks.curves.kept import Kept
from benchmarks.curves.teaching import Teaching, add_options, load
from benchmarks.load.process import ROOT
from procqa.embedding import Encoder
from procqa.embedding.export import export_encoder
from procqa.embedding.heads import HEADS_FILE
from procqa.embedding.sources import PLAIN_NAME, WEIGHTS_FOLDER, find_model
from procqa.engine import Engine
from procqa.evaluation import evaluate, open_system
from procqa.evaluation.calibrate import calibrate
from procqa.evaluation.gold import GoldItem
from procqa.evaluation.opening import READER
from procqa.evaluation.systems import Outcome, System, SystemInfo
from procqa.index.build import build_index
from procqa.index.snapshot import Snapshot
from procqa.progress import shown_on
from procqa.settings import Settings
from procqa.training.base import with_layers
from procqa.training.encoder import train_encoder
from procqa.training.late_model import LateModel, first_projection
from procqa.training.teacher import kept_teacher
from procqa.training.texts import texts_of
from procqa.types import Document

FIGURES = {
    "squad_f1_all": "Score over all questions",
    "right_section": "Right section",
    "token_f1": "Token F1",
    "auroc": "AUROC of confidence",
}
SHIPPED = ""  # as for `--model`


@dataclass(frozen=True, slots=True)
class Entry:
    """A system over an index of one model: its name or, for a cut one, how many layers are kept."""

    system: str = "procqa"
    model: str = SHIPPED
    layers: int | None = None
    reader: bool = False


SYSTEMS: Mapping[str, Entry] = {
    "bm25": Entry("bm25", PLAIN_NAME),
    "dense": Entry("dense", PLAIN_NAME),
    "plain, fast": Entry(model=PLAIN_NAME),
    "shipped, fast": Entry(),
    "shipped": Entry(reader=True),
    "4 layers, fast": Entry(layers=4),
    "3 layers, fast": Entry(layers=3),
    "static, fast": Entry(layers=0),
}


@dataclass(slots=True)
class Timed:
    """A system whose questions are timed, each beside an encoder alone; seconds, a question each."""

    system: System
    encoder: Encoder
    asked: list[float] = field(default_factory=list)
    encoded: list[float] = field(default_factory=list)

    def info(self) -> SystemInfo:
        return self.system.info()

    def document(self, doc_id: str) -> Document | None:
        return self.system.document(doc_id)

    def close(self) -> None:
        self.system.close()

    def ask(self, item: GoldItem) -> Outcome:
        began = time.perf_counter()
        self.encoder.encode_question(item.question)
        between = time.perf_counter()
        outcome = self.system.ask(item)
        self.encoded.append(between - began)
        self.asked.append(time.perf_counter() - between)
        return outcome

    def times(self) -> dict[str, float]:
        """Medians in ms, and their ratio."""
        asked, encoded = float(np.median(self.asked)), float(np.median(self.encoded))
        times = {"median_ms": asked * 1000, "encoder_median_ms": encoded * 1000, "times_encoder": asked / encoded}
        return {name: round(value, 3) for name, value in times.items()}


def model_of(entry: Entry, teaching: Teaching, work: Path) -> str:
    """What `--model` takes; a cut encoder is taught first, if it is not there yet."""
    if entry.layers is None:
        return entry.model
    name = f"layers-{entry.layers}"
    model, taught = work / "models" / name, work / "taught" / name
    if not (model / HEADS_FILE).is_file():  # what an export writes last
        base, texts, progress = teaching.base, texts_of(teaching.training), shown_on(sys.stderr)
        train_encoder(
            with_layers(base, entry.layers, taught / "base"),
            teaching.training,
            teaching.dev,
            taught,
            epochs=teaching.epochs,
            seed=teaching.seed,
            teacher=kept_teacher(
                lambda: LateModel(base, first_projection(base)), texts, texts, work / "teacher", progress
            ),
            progress=progress,
        )
        export_encoder(find_model(str(taught / WEIGHTS_FOLDER)), model)
    return str(model)


def index_of(entry: Entry, model: str, corpus: Path, dev_gold: Path, work: Path) -> Path:
    """An index of the pages with a model, and with a confidence fitted to it unless it is the shipped one."""
    name = f"layers-{entry.layers}" if entry.layers is not None else entry.model or "shipped"
    index = work / "indexes" / name
    build_index(Settings(corpus=corpus, index=index, model=model), progress=shown_on(sys.stderr))
    if model != SHIPPED and entry.system == "procqa":
        with closing(Engine.open(index, read=entry.reader)) as engine:
            calibrate(dev_gold, engine, progress=shown_on(sys.stderr)).calibration.save(index)
    return index


def measure(entry: Entry, index: Path, gold: Path, reference: Encoder, out: Path) -> dict[str, Any]:
    """The figures of a system with their intervals, and its times."""
    without = [READER] if entry.system == "procqa" and not entry.reader else []
    timed = Timed(open_system(entry.system, index=index, without=without), reference)
    with closing(timed):
        metrics = evaluate(gold, timed, out, workers=1, progress=shown_on(sys.stderr), fresh=True)
    of_all = metrics.figures["all"]
    figures = {name: (of_all[name].value, of_all[name].low, of_all[name].high) for name in FIGURES}
    return {**timed.times(), **figures}


def draw(points: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """A panel for each figure: quality with its interval over the time, as a multiple of the encoder's."""
    figure = figure_of(width=10.0, height=8.2)
    drawn: dict[str, Any] = {}
    for axes, (name, title) in zip(figure.subplots(2, 2).flat, FIGURES.items(), strict=True):
        for system, point in points.items():
            value, low, high = point[name]
            if value is None:
                continue
            across = point["times_encoder"]
            around, color = [[value - low], [high - value]], f"C{list(points).index(system)}"
            drawn[system] = axes.errorbar(across, value, around, marker="o", capsize=2, linewidth=0.8, color=color)
        axes.set(xscale="log", title=title, xlabel="median time of a question, times the encoder alone")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.margins(x=0.1)
    # Not beside the points: those that are alike in time and quality would hide each other's names.
    figure.legend(drawn.values(), drawn, loc="outside lower center", ncols=4, fontsize="small")
    save_plot(figure, path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.set_defaults(base=SHIPPED)
    parser.add_argument("--gold", type=Path, default=ROOT / "eval" / "gold-test.jsonl", help="asked of each system")
    parser.add_argument("--corpus", type=Path, default=ROOT / "corpus", help="the pages of --gold and --dev-gold")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), metavar="SYSTEM")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("procqa.training").setLevel(logging.INFO)
    teaching = load(given)
    asked = hashlib.sha256(given.gold.read_bytes()).hexdigest()[:16]
    shipped = find_model(SHIPPED).identity
    kept = Kept(given.out / "quality-speed.json", {**teaching.told(), "gold file": asked, "shipped model": shipped})
    plain = index_of(SYSTEMS["bm25"], PLAIN_NAME, given.corpus, given.dev_gold, given.work)
    with closing(Snapshot.open(plain, read=False)) as reference:
        for name in given.systems:
            if name not in kept.points:
                entry = SYSTEMS[name]
                index = index_of(entry, model_of(entry, teaching, given.work), given.corpus, given.dev_gold, given.work)
                run = given.work / "runs" / name.replace(", ", "-").replace(" ", "-")
                kept.add(name, measure(entry, index, given.gold, reference.encoder, run))
            print(name, kept.points[name])
    draw(kept.points, given.out / "quality-speed.svg")


if __name__ == "__main__":
    main()
