"""`python -m benchmarks.curves.learning`: what more questions teach.

    python -m benchmarks.curves.learning --work FOLDER [--sizes 500 1000 2000 4000] [--out eval/curves]

Teaches the encoder on nested random subsets of the training questions, and on all of them, alike in all else: the same
pages, passes, rate and seed. Each is judged on the dev questions by the parts of the score that need no index
(`training.dev`). Sizes already in OUT/learning.json are kept, and one that was stopped goes on from its last
checkpoint. Needs `pip install "procqa[train,benchmarks]"`; about 25 minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.curves.drawing import figure_of, save_plot
from benchmarks.curves.kept import Kept
from benchmarks.curves.teaching import Teaching, add_options, load
from procqa.evaluation.intervals import bootstrap, percentile_interval, weighted_means
from procqa.progress import Progress, shown_on
from procqa.training.dev import DevFigures
from procqa.training.encoder import train_encoder
from procqa.training.examples import TrainingSet

SIZES = (500, 1000, 2000, 4000)
FIGURES = ("page", "section", "line")
UNTAUGHT = "0"


def subset(training: TrainingSet, size: int, seed: int) -> TrainingSet:
    """The same pages with `size` of the questions; a smaller size gives some of those that a larger one gives."""
    order = list(range(len(training.questions)))
    random.Random(seed).shuffle(order)
    return TrainingSet(training.pages, tuple(training.questions[place] for place in sorted(order[:size])))


def figures_of(judged: DevFigures) -> dict[str, tuple[float, float, float]]:
    """Each figure with its 95% interval over the dev questions."""
    right = np.array(judged.right, dtype=np.float64)
    values, resampled = bootstrap(lambda weights: weighted_means(right, weights), len(right))
    made = {}
    for column, name in enumerate(FIGURES):
        low, high = percentile_interval(resampled[:, column]) or (np.nan, np.nan)
        made[name] = (round(float(values[column]), 4), round(low, 4), round(high, 4))
    return made


def teach(teaching: Teaching, size: int, kept: Kept, work: Path, progress: Progress) -> None:
    """Teach and judge one size, and keep its point; with the first one also that of what is taught nothing."""
    part = subset(teaching.training, size, teaching.seed)
    folder = work / f"size-{size}"
    began = time.monotonic()
    result = train_encoder(
        teaching.base, part, teaching.dev, folder, epochs=teaching.epochs, seed=teaching.seed, progress=progress
    )
    if UNTAUGHT not in kept.points:
        kept.add(UNTAUGHT, {"questions": 0, **figures_of(result.before)})
    answerable = sum(bool(question.lines) for question in part.questions)
    seconds = round(time.monotonic() - began)
    point = {"questions": size, "answerable": answerable, "last_sitting_seconds": seconds}
    kept.add(str(size), {**point, **figures_of(result.after)})
    shutil.rmtree(folder)


def draw(points: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Each figure over the number of questions, with intervals."""
    figure = figure_of(width=7.0, height=4.2)
    axes = figure.add_subplot()
    taught = sorted((point for name, point in points.items() if name != UNTAUGHT), key=lambda point: point["questions"])
    for number, name in enumerate(FIGURES):
        across = [point["questions"] for point in taught]
        middle, low, high = zip(*(point[name] for point in taught), strict=True)
        axes.plot(across, middle, marker="o", label=f"right {name}", color=f"C{number}")
        axes.fill_between(across, low, high, alpha=0.12, color=f"C{number}", linewidth=0)
        axes.axhline(points[UNTAUGHT][name][0], linestyle=":", linewidth=1, color=f"C{number}")
    axes.set(xscale="log", xlabel="training questions (dotted: none)", ylabel="share of dev questions")
    axes.set_xticks([point["questions"] for point in taught], [f"{point['questions']:,}" for point in taught])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    save_plot(figure, path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="beside all questions")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("procqa.training").setLevel(logging.INFO)
    teaching = load(given)
    kept = Kept(given.out / "learning.json", teaching.told())
    count = len(teaching.training.questions)
    for size in (*(size for size in sorted(given.sizes) if size < count), count):
        if str(size) not in kept.points:
            teach(teaching, size, kept, given.work, shown_on(sys.stderr))
        print(size, kept.points[str(size)])
    draw(kept.points, given.out / "learning.svg")


if __name__ == "__main__":
    main()
