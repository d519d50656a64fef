"""`python -m benchmarks.speed.indexing`: what a build takes beside its encoder alone.

    python -m benchmarks.speed.indexing --corpus CORPUS.jsonl --pages 300 [--rounds 5]

Each round builds an index of the same pages from nothing, and then lets the encoder alone read the same passages, with
as many threads as the build has. Wall and processor seconds of both, medians, and their ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from procqa.embedding import OnnxEncoder
from procqa.index.build import build_index
from procqa.index.embed import BLOCK
from procqa.index.snapshot import ENCODER, STORE
from procqa.index.store import Store
from procqa.index.versions import current_folder
from procqa.progress import Progress
from procqa.settings import Settings
from procqa.threads import at_once, in_order


class Stages:
    """Progress that notes the seconds of each stage of a build."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        began = time.perf_counter()
        yield lambda count: None
        self.seconds[stage] = time.perf_counter() - began


def clocked(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and processor seconds of some work."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def build(corpus: Path, index: Path, threads: int, stages: Progress) -> None:
    build_index(Settings(corpus=corpus, index=index, threads=threads), progress=stages)


def encoder_alone(index: Path, threads: int) -> Callable[[], None]:
    """Reads every passage of a built index, in blocks as the build does."""
    folder = current_folder(index)
    assert folder is not None
    encoder = OnnxEncoder(folder / ENCODER, threads)
    with closing(Store(folder / STORE)) as store:
        texts = [f"{title}\n{heading}\n{body}" for title, heading, body in store.worded_texts()]
    blocks = [texts[first : first + BLOCK] for first in range(0, len(texts), BLOCK)]

    def read() -> None:
        for _ in in_order(encoder.encode_documents, blocks, at_once(threads)):
            pass

    encoder.encode_documents(blocks[0])  # the first texts are slower
    return read


def measure(corpus: Path, rounds: int, threads: int) -> dict[str, Any]:
    """Medians over the rounds."""
    built, alone, stages = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(rounds):
            index, watch = Path(scratch) / str(number), Stages()
            built.append(clocked(lambda index=index, watch=watch: build(corpus, index, threads, watch)))
            alone.append(clocked(encoder_alone(index, threads)))
            stages.append(watch.seconds)
        folder = current_folder(index)
        assert folder is not None
        with closing(Store(folder / STORE)) as store:
            documents, passages = store.counts()
    walls = [whole[0] / part[0] for whole, part in zip(built, alone, strict=True)]
    processors = [whole[1] / part[1] for whole, part in zip(built, alone, strict=True)]
    return {
        "documents": documents,
        "passages": passages,
        "rounds": rounds,
        "build_seconds": round(statistics.median(wall for wall, _ in built), 2),
        "encoder_seconds": round(statistics.median(wall for wall, _ in alone), 2),
        "build_per_encoder": round(statistics.median(walls), 3),
        "processor_build_per_encoder": round(statistics.median(processors), 3),
        "passages_per_second": round(passages / statistics.median(wall for wall, _ in built), 1),
        "stage_seconds": {name: round(statistics.median(one[name] for one in stages), 2) for name in stages[0]},
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "load": [round(value, 2) for value in os.getloadavg()],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="pages in JSON lines")
    parser.add_argument("--pages", type=int, default=300, help="how many of them (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="that read one text; 0: as procqa chooses")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, given.corpus.open(encoding="utf-8") as file:
        some = Path(scratch) / "pages.jsonl"
        some.write_text("".join(islice(file, given.pages)), encoding="utf-8")
        print(json.dumps(measure(some, given.rounds, given.threads), indent=1))


if __name__ == "__main__":
    main()
