"""`python -m benchmarks.speed.sizes`: how cost grows with the corpus, from a thousand passages to a million.

    python -m benchmarks.speed.sizes --from INDEX --work FOLDER [--sizes 1000 10000 100000 1000000]

Builds `benchmarks.large_index` at each size (real pages repeated under other names, with jittered vectors; no token
vectors) and saves what it measures, with a plot of it on logarithmic axes (needs `pip install matplotlib`). Times are
those of the processor, which other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.load.process import ROOT
from benchmarks.peers.report import RESULTS, save

LINES = (
    ("build_processor_seconds", "build without encoding, s"),
    ("build_peak_mb", "memory of the build, MB"),
    ("dense_p50_ms", "dense search, ms"),
    ("lexical_p50_ms", "word search, ms"),
    ("open_seconds", "opening, s"),
)


def measured(source: Path, passages: int, out: Path) -> dict[str, Any]:
    """What `benchmarks.large_index` prints for a size: of the build and of serving it."""
    command = [sys.executable, "-m", "benchmarks.large_index", "--from", source, "--out", out]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(
        [*command, "--passages", str(passages)], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        figures |= json.loads(line)
    return figures


def plot(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Every figure over the passages, both axes logarithmic."""
    from benchmarks.curves.drawing import figure_of, save_plot  # needs matplotlib

    figure = figure_of(width=8.5, height=4.2)
    axes = figure.add_subplot()
    for name, words in LINES:
        axes.plot([row["passages"] for row in rows], [row[name] for row in rows], marker="o", label=words)
    axes.set(xscale="log", yscale="log", xlabel="passages")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    save_plot(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="a built index of real pages")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the indexes")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000])
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for size in given.sizes:
        rows.append(measured(given.source, size, given.work / f"size-{size}"))
        # After each, so that what is measured is kept when a larger one is too much.
        print(json.dumps(rows[-1]), save({"sizes": rows, "load": os.getloadavg()}, "sizes"), flush=True)
        plot(rows, RESULTS / "sizes.svg")


if __name__ == "__main__":
    main()
