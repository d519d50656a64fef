"""Build, open and search an index of a million passages.

    python -m benchmarks.large_index --from INDEX --passages 1000000 --out FOLDER

INDEX is a built index of real pages (benchmarks/README.md uses that of MedQuAD). Its pages are repeated under other
names until there are as many passages as wanted, and every passage gets the vector that the real one has, jittered and
scaled to length 1 again: a million encodings would take half a day. So the first pass (reading and splitting) is
replaced by copies, and token vectors are left out; all else is what `procqa index build` does: the store, the vectors,
the words, checksums and publishing. Searches and opening are told in processor time, which other work on the machine
changes little. Recall is measured on written questions that the real encoder encodes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from procqa.embedding import Encoded, OnnxEncoder
from procqa.embedding.heads import written_questions
from procqa.engine import Engine
from procqa.index import build as building
from procqa.index.dense import DenseIndex
from procqa.index.reading import Reading
from procqa.index.snapshot import ENCODER, STORE, Snapshot
from procqa.index.store import Store
from procqa.index.store_writer import StoreWriter
from procqa.index.versions import current_folder
from procqa.progress import shown_on
from procqa.settings import Settings
from procqa.types import Passage

# The standard deviation of what is added to each part: at 384 dimensions a cosine of about 0.98 with the real vector.
JITTER = 0.01
_NO_TOKENS = np.zeros((0, 1), dtype=np.float32), np.zeros((0, 2), dtype=np.int32)


class Jittered:
    """Gives the n-th text the vector of the n-th real passage, jittered; questions are encoded for real."""

    token_dimensions = 1

    def __init__(self, real: OnnxEncoder, vectors: np.ndarray) -> None:
        self.name = f"{real.name}, jittered"
        self.dimensions, self.max_tokens = real.dimensions, real.max_tokens
        self._real = real
        self._vectors = vectors
        self._numbers = np.random.default_rng(1)
        self._next = 0
        self._titles: dict[str, np.ndarray] = {}

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._real.count_tokens(texts)

    def encode_documents(self, texts: Sequence[str]) -> list[Encoded]:
        rows = (self._next + np.arange(len(texts))) % len(self._vectors)
        self._next += len(texts)
        noise = self._numbers.normal(scale=JITTER, size=(len(texts), self.dimensions))
        vectors = self._vectors[rows] + noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return [Encoded(vector, *_NO_TOKENS) for vector in vectors.astype(np.float32)]

    def encode_question(self, text: str) -> Encoded:
        """Of a title, which is repeated, it is remembered."""
        vector = self._titles.get(text)
        if vector is None:
            vector = self._titles[text] = self._real.encode_question(text).vector
        return Encoded(vector, *_NO_TOKENS)


def repeat_pages(source: Path, store: Path, passages: int) -> Reading:
    """A store of the pages of another, again and again under other names, until it has so many passages."""
    writer = StoreWriter(store)
    with closing(Store(source)) as pages:
        _, count = pages.counts()
        documents = pages.documents(limit=1_000_000)
        own: dict[str, list[Passage]] = {page.doc_id: [] for page in documents}
        for passage in pages.passages(range(count)):
            own[passage.doc_id].append(passage)
    for copy in itertools.count():
        for page in documents:
            if writer.passages >= passages:
                writer.end_file("repeated", "", [])
                writer.close()
                return Reading(writer.documents, writer.passages, (), f"{passages} repeated")
            name = f"{copy:03}/{page.doc_id}"
            copies = [replace(p, passage_id=f"{copy:03}/{p.passage_id}", doc_id=name) for p in own[page.doc_id]]
            keys = [p.passage_id.encode() for p in copies]
            writer.add(replace(page, doc_id=name), name.encode(), [], copies, keys)
    raise AssertionError("counting does not end")


def build(source: Path, out: Path, passages: int) -> dict[str, float]:
    """Build it in this process, which does nothing else, so that its peak of memory is the build's.

    Memory is what the process has of its own; mapped files, which the system drops when it likes, are not counted.
    """
    peak = _Peak()
    folder = current_folder(source)
    assert folder is not None, f"there is no index in {source}"
    real = OnnxEncoder(folder / ENCODER)
    dense = DenseIndex(folder)
    vectors = dense.vectors(np.arange(len(dense)))
    building.read_into = lambda store, *rest: repeat_pages(folder / STORE, store, passages)  # type: ignore[assignment]
    began, worked = time.perf_counter(), time.process_time()
    settings = Settings(corpus=source, index=out, keep=1)
    report = building.build_index(settings, encoder=Jittered(real, vectors), progress=shown_on(sys.stderr))
    built = current_folder(out)
    assert built is not None
    sizes = {path.name: path.stat().st_size for path in built.iterdir() if path.is_file()}
    return {
        "passages": report.passages,
        "documents": report.documents,
        "build_seconds": round(time.perf_counter() - began, 1),
        "build_processor_seconds": round(time.process_time() - worked, 1),
        "build_peak_mb": round(peak.stop()),
        "vectors_faiss_mb": sizes["vectors.faiss"] // 1_000_000,
        "vectors_f32_mb": sizes.get("vectors.f32", 0) // 1_000_000,
        "documents_sqlite_mb": sizes["documents.sqlite"] // 1_000_000,
        "lexical_mb": sum(path.stat().st_size for path in (built / "lexical").iterdir()) // 1_000_000,
    }


def serve(source: Path, out: Path) -> dict[str, float]:
    """Open it, and search it in one thread with questions that the build did not tune itself on."""
    folder = current_folder(source)
    assert folder is not None
    real = OnnxEncoder(folder / ENCODER)
    before = _own_mb()
    began = time.process_time()
    snapshot = Snapshot.open(out, encoder=Jittered(real, np.zeros((1, real.dimensions))))
    Engine(snapshot)
    opened, grown = time.process_time() - began, _own_mb() - before
    dense = snapshot.dense
    questions = [item["question"] for item in written_questions()[3::8]]  # the build takes every eighth, from the first
    vectors = np.stack([real.encode_question(text).vector for text in questions])
    stored = snapshot.folder / "vectors.f32"  # of a small index there is no such file
    mapped = np.memmap(stored, dtype=np.float32, mode="r").reshape(-1, real.dimensions) if stored.exists() else None
    raw = dense.vectors(np.arange(len(dense))) if mapped is None else mapped
    exact = _exact(raw, vectors)
    times, found = [], 0
    for vector, wanted in zip(vectors, exact, strict=True):
        began = time.process_time()
        rows, _ = dense.search(vector, 10)
        times.append((time.process_time() - began) * 1000)
        found += len(np.intersect1d(rows, wanted))
    part = np.arange(0, len(dense), 97)  # about one passage in a hundred is allowed
    among = _exact(np.asarray(raw[part]), vectors[:50])
    filtered = sum(
        len(np.intersect1d(dense.search(vector, 10, part)[0], part[wanted]))
        for vector, wanted in zip(vectors[:50], among, strict=True)
    )
    lexical = _milliseconds(lambda text: snapshot.lexical.search(text, 100), questions[:100])
    figures = {
        "open_seconds": round(opened, 3),
        "open_mb": round(grown, 1),
        "questions": len(questions),
        "recall_at_10": round(found / exact.size, 4),
        "recall_at_10_filtered": round(filtered / among.size, 4),
        "dense_p50_ms": round(float(np.percentile(times, 50)), 2),
        "dense_p99_ms": round(float(np.percentile(times, 99)), 2),
        "lexical_p50_ms": round(float(np.percentile(lexical, 50)), 2),
    } | {name: value for name, value in snapshot.manifest.search.items() if name in ("kind", "nprobe")}
    snapshot.close()
    return figures


def _exact(vectors: np.ndarray, questions: np.ndarray) -> np.ndarray:
    best: list[tuple[np.ndarray, np.ndarray]] = []
    for first in range(0, len(vectors), 65_536):
        scores = questions @ np.asarray(vectors[first : first + 65_536]).T
        top = np.argpartition(-scores, 10, axis=1)[:, :10]
        best.append((np.take_along_axis(scores, top, 1), top + first))
    scores, rows = (np.concatenate(part, axis=1) for part in zip(*best, strict=True))
    return np.take_along_axis(rows, np.argsort(-scores, axis=1)[:, :10], 1)


def _milliseconds(work: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    times = []
    for text in texts:
        began = time.process_time()
        work(text)
        times.append((time.process_time() - began) * 1000)
    return times


def _own_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1]) / 1024


class _Peak:
    """The most memory that this process has of its own, looked at ten times a second."""

    def __init__(self) -> None:
        self._most = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            self._most = max(self._most, _own_mb())

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        return self._most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--from", dest="source", type=Path, required=True, help="a built index of real pages")
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, required=True, help="a folder for the large index")
    parser.add_argument("--only", choices=["build", "serve"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only == "build":
        print(json.dumps(build(given.source, given.out, given.passages)))
    elif given.only == "serve":
        print(json.dumps(serve(given.source, given.out)))
    else:
        for step in ("build", "serve"):  # each in a process of its own
            subprocess.run([sys.executable, "-m", "benchmarks.large_index", *sys.argv[1:], "--only", step], check=True)


if __name__ == "__main__":
    main()
