"""`python -m benchmarks.peers`: procqa beside what a user would take instead, on this machine, in one run.

    python -m benchmarks.peers --corpus MEDQUAD/corpus.jsonl --gold MEDQUAD/gold-test.jsonl --work FOLDER

Environments are made below FOLDER where there are none yet (some GB). In every round each system builds an index of the
same passages from nothing, in turn, and then each is asked the same questions; figures are medians over the rounds. All
embed the same texts with all-MiniLM-L6-v2: the peers as their documentation says, procqa as int8. procqa reads and
splits the pages and builds its word index in the time that is counted for it; the peers get passages. The libraries and
the model are loaded before the clock of a build starts, and count for the cold start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from benchmarks.load.process import ROOT
from benchmarks.peers import report
from benchmarks.peers.environments import PEERS, interpreter, versions
from benchmarks.peers.material import Material, write_pages, write_passages
from benchmarks.peers.measures import quality, ready_seconds, speed
from benchmarks.peers.systems import Other, Procqa, System
from procqa.embedding.export import place_encoder
from procqa.embedding.sources import PLAIN_NAME, find_model
from procqa.evaluation.gold import load_gold


def prepared(work: Path, corpus: Path, name: str, numbers: Collection[int], procqa: Procqa) -> Material:
    """Some pages of a corpus, and their passages, which a first build of procqa makes."""
    pages = write_pages(corpus, numbers, work / f"{name}.pages.jsonl")
    index = fresh(work / "indexes" / f"{name}.passages")
    procqa.build(Material(pages, pages), index)
    return Material(pages, write_passages(index, work / f"{name}.passages.jsonl"))


def fresh(folder: Path) -> Path:
    """The folder's path, with nothing there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def indexing(systems: Sequence[System], slices: Sequence[Material], work: Path) -> dict[str, list[float]]:
    """Passages a second of each system, a slice a round."""
    rates: dict[str, list[float]] = {system.name: [] for system in systems}
    for number, material in enumerate(slices):
        for system in systems:
            told = system.build(material, fresh(work / "indexes" / "slice"))
            rates[system.name].append(told["passages"] / told["seconds"])
            tell(f"round {number + 1}: {system.name} indexes {rates[system.name][-1]:.1f} passages/s")
    return rates


def serving(
    systems: Sequence[System], material: Material, work: Path, questions: Sequence[str], rounds: int, seconds: float
) -> dict[str, list[dict[str, float]]]:
    """Cold start, latency, rates and memory of each system, every round in a new process."""
    figures: dict[str, list[dict[str, float]]] = {system.name: [] for system in systems}
    folders = {system.name: fresh(work / "indexes" / f"whole-{n}") for n, system in enumerate(systems)}
    for system in systems:
        system.build(material, folders[system.name])
    for number in range(rounds):
        for system in systems:
            began = time.perf_counter()
            with system.serving(folders[system.name]) as (pid, port):
                ready = asyncio.run(ready_seconds(port, began))
                found = speed(system, pid, port, questions, seconds)
            figures[system.name].append({"ready_seconds": ready} | found)
            tell(f"round {number + 1}: {system.name} answers in {found['p50_ms']:.1f} ms")
    return figures


def answers(systems: Sequence[System], work: Path, gold: Path, procqa: Procqa) -> dict[str, dict[str, float]]:
    """How good the answers are on hand-written questions over the shipped pages."""
    items = load_gold(gold).items
    corpus, index = ROOT / "corpus", fresh(work / "indexes" / "corpus.passages")
    procqa.build(Material(corpus, corpus), index)
    material = Material(corpus, write_passages(index, work / "corpus.passages.jsonl"))
    found = {}
    for number, system in enumerate(systems):
        folder = fresh(work / "indexes" / f"corpus-{number}")
        system.build(material, folder)
        with system.serving(folder) as (_, port):
            asyncio.run(ready_seconds(port, time.perf_counter()))
            found[system.name] = quality(system, port, items)
        tell(f"{system.name}: {found[system.name]}")
    return found


def median_of(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of every figure."""
    return {name: round(statistics.median(figures[name] for figures in rounds), 3) for name in rounds[0]}


def tell(line: str) -> None:
    """Progress, with the time and the load of the machine."""
    print(f"{time.strftime('%H:%M:%S')} load {os.getloadavg()[0]:.1f}  {line}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="pages in JSON lines")
    parser.add_argument("--gold", type=Path, required=True, help="questions about them")
    parser.add_argument("--work", type=Path, required=True, help="a folder for environments and indexes")
    parser.add_argument(
        "--pages", type=int, default=35, help="in a slice, which a round of indexing takes (%(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="of each load in a round (%(default)s)")
    parser.add_argument("--questions", type=int, default=100, help="of the one client in a round (%(default)s)")
    parser.add_argument("--speed-only", action="store_true", help="do not ask how good the answers are")
    parser.add_argument("--torch-index", help="the address of a package index with PyTorch's CPU builds")
    parser.add_argument("--only-environments", action="store_true", help="make them, and end")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    pythons = {peer: interpreter(peer, given.work / "environments", given.torch_index) for peer in PEERS}
    if given.only_environments:
        return
    plain = given.work / "model"
    if not plain.exists():
        place_encoder(find_model(PLAIN_NAME), plain)
    procqa = Procqa("procqa", str(plain))
    systems: list[System] = [procqa, *(Other(peer, python) for peer, python in pythons.items())]
    # Every so many pages of the whole corpus, since pages of one source stand together and are alike in length.
    step = sum(1 for _ in given.corpus.open(encoding="utf-8")) // given.pages
    numbers = [range(n, step * given.pages, step) for n in range(given.rounds)]
    slices = [prepared(given.work, given.corpus, f"slice-{n}", part, procqa) for n, part in enumerate(numbers)]
    whole = prepared(given.work, given.corpus, "whole", set().union(*numbers), procqa)
    rates = indexing(systems, slices, given.work)
    questions = [item.question for item in load_gold(given.gold).items[: given.questions]]
    served = serving(systems, whole, given.work, questions, given.rounds, given.seconds)
    taught = Procqa("procqa, its own model", "")
    gold = ROOT / "eval" / "gold-test.jsonl"
    good = {} if given.speed_only else answers([*systems, taught], given.work, gold, procqa)
    figures: dict[str, Any] = {
        "passages": sum(1 for _ in whole.passages.open(encoding="utf-8")),
        "rounds": given.rounds,
        "load": [round(value, 2) for value in os.getloadavg()],
        "systems": {
            name: {"passages_per_second": round(statistics.median(rates[name]), 2), **median_of(served[name])}
            for name in rates
        },
        "quality": {name: {key: round(value, 3) for key, value in row.items()} for name, row in good.items()},
        "versions": {peer.name: versions(python) for peer, python in pythons.items()},
    }
    saved = report.save(figures, "peers")
    print(f"{saved}\n{report.peers_table(json.loads(saved.read_text(encoding='utf-8')))}")


if __name__ == "__main__":
    main()
