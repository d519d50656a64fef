"""Vectors of passages in FAISS: row i is passage i, scores are exact cosines.

Vectors are kept in half precision: cosines change by less than 0.001, and comparing all, which waits for the memory,
takes a third of the time. Up to EXACT_UP_TO passages every vector is compared (vectors.faiss). Beyond that an inverted
file of byte vectors (vectors.faiss, IVF with SQ8) proposes candidates, and the vectors themselves (vectors.f32) score
them; how many lists are probed is chosen at the build so that the recall measured on questions reaches RECALL_WANTED.
Both files are mapped, so that processes share them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from procqa.embedding.encoder import FloatArray

Rows = NDArray[np.int64]

FAISS_FILE, RAW_FILE = "vectors.faiss", "vectors.f32"
EXACT_UP_TO = 100_000
RECALL_AT, RECALL_WANTED = 10, 0.99
# Candidates that are scored exactly for each one wanted, and at the least.
_CANDIDATES, _FEWEST_CANDIDATES = 2, 64
_BLOCK = 65_536
_TRAINING_PER_LIST = 40
_SEED = 20_001


class DenseWriter:
    """Takes vectors block by block into a folder; what is kept in memory does not grow with their number."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        self._folder = folder
        self._dimensions = dimensions
        self._count = 0

    def __enter__(self) -> Self:
        self._file = (self._folder / RAW_FILE).open("wb")
        return self

    def add(self, vectors: FloatArray) -> None:
        """Append unit vectors, (m, d); they are rounded to half precision, however many there will be."""
        self._file.write(np.ascontiguousarray(vectors, dtype=np.float16).astype(np.float32).tobytes())
        self._count += len(vectors)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def finish(
        self, questions: Callable[[], FloatArray], advance: Callable[[int], None], exact_up_to: int = EXACT_UP_TO
    ) -> dict[str, Any]:
        """Write the index, after the block; returns how it searches and, if not exactly, its recall on `questions`."""
        vectors = _raw(self._folder / RAW_FILE, self._dimensions)
        if self._count <= exact_up_to:
            _write_flat(vectors, self._folder / FAISS_FILE, advance)
            del vectors
            (self._folder / RAW_FILE).unlink()
            return {"kind": "exact"}
        return _write_lists(vectors, questions(), self._folder / FAISS_FILE, advance)


class DenseIndex:
    """Search over a stored folder; read only."""

    def __init__(self, folder: Path) -> None:
        # Adding to or removing from a mapped index crashes the process: nothing here ever does.
        self._index: Any = faiss.read_index(str(folder / FAISS_FILE), faiss.IO_FLAG_MMAP_IFC)
        raw = folder / RAW_FILE
        self._raw = _raw(raw, int(self._index.d)) if raw.exists() else None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return int(self._index.d)

    def search(self, vector: FloatArray, k: int, rows: Rows | None = None) -> tuple[Rows, FloatArray]:
        """The k rows nearest to a unit vector, best first, with their cosines; only among `rows` when given."""
        # In the thread that asks, for which alone this holds: a helper would spin for milliseconds after each search,
        # and so take a core from another question.
        faiss.omp_set_num_threads(1)
        if self._raw is None:
            return self._compare_all(vector, min(k, len(self)), rows)
        wanted = max(_CANDIDATES * k, _FEWEST_CANDIDATES)
        candidates = rows if rows is not None and len(rows) <= _BLOCK else self._propose(vector, wanted, rows)
        return _best(candidates, self.vectors(candidates) @ vector, k)

    def vectors(self, rows: Rows) -> FloatArray:
        """The stored vectors of some rows, (n, d)."""
        if len(rows) == 0:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        if self._raw is not None:
            return np.asarray(self._raw[rows])
        batch: FloatArray = self._index.reconstruct_batch(np.ascontiguousarray(rows, dtype=np.int64))
        return batch

    def _compare_all(self, vector: FloatArray, k: int, rows: Rows | None) -> tuple[Rows, FloatArray]:
        parameters = None
        if rows is not None:
            # Held by a name until the search is over: not every version of FAISS keeps what it is given here alive.
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(rows, dtype=np.int64))
            parameters = faiss.SearchParameters()
            parameters.sel = selector
        scores, found = self._index.search(vector[None, :], k, params=parameters)
        keep = found[0] >= 0
        return found[0][keep], scores[0][keep]

    def _propose(self, vector: FloatArray, count: int, rows: Rows | None) -> Rows:
        """Candidates from the lists nearest to a vector; among few allowed rows, from as many more lists."""
        parameters: Any = faiss.SearchParametersIVF()
        parameters.nprobe = self._index.nprobe
        if rows is not None:
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(rows, dtype=np.int64))
            share = len(rows) / len(self)
            parameters.sel = selector
            parameters.nprobe = min(self._index.nlist, math.ceil(self._index.nprobe / share))
        _, found = self._index.search(vector[None, :], count, params=parameters)
        return np.asarray(found[0][found[0] >= 0])


def _write_flat(vectors: FloatArray, path: Path, advance: Callable[[int], None]) -> None:
    index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    _add(index, vectors, advance)
    faiss.write_index(index, str(path))


def _add(index: Any, vectors: FloatArray, advance: Callable[[int], None]) -> None:
    for first in range(0, len(vectors), _BLOCK):
        block = np.ascontiguousarray(vectors[first : first + _BLOCK])
        index.add(block)
        advance(len(block))


def _write_lists(
    vectors: FloatArray, questions: FloatArray, path: Path, advance: Callable[[int], None]
) -> dict[str, Any]:
    count, dimensions = vectors.shape
    lists = 2 ** round(math.log2(4 * math.sqrt(count)))
    quantizer = faiss.IndexFlatIP(dimensions)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, dimensions, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.spherical = True
    index.cp.seed = _SEED
    # Every sample row in its order on the disk; which ones depends on their number alone.
    sample = np.random.default_rng(_SEED).choice(count, min(count, lists * _TRAINING_PER_LIST), replace=False)
    index.train(np.asarray(vectors[np.sort(sample)]))
    _add(index, vectors, advance)
    exact = _exact(vectors, questions)
    index.nprobe = _fewest_lists(lists, lambda probed: _recall(index, probed, vectors, questions, exact))
    faiss.write_index(index, str(path))
    return {
        "kind": f"IVF{lists},SQ8",
        "nprobe": int(index.nprobe),
        f"recall_at_{RECALL_AT}": round(_recall(index, index.nprobe, vectors, questions, exact), 4),
        "questions": len(questions),
    }


def _fewest_lists(lists: int, recall: Callable[[int], float]) -> int:
    """How many lists to probe for RECALL_WANTED, to within an eighth; all of them where even that is not enough."""
    enough = 1
    while enough < lists and recall(enough) < RECALL_WANTED:
        enough *= 2
    step = enough // 4
    while step >= max(1, enough // 8):
        if recall(enough - step) >= RECALL_WANTED:
            enough -= step
        step //= 2
    return min(enough, lists)


def _exact(vectors: FloatArray, questions: FloatArray) -> Rows:
    """The RECALL_AT rows nearest to each question, by comparing all, block by block."""
    best = faiss.ResultHeap(len(questions), RECALL_AT, keep_max=True)
    for first in range(0, len(vectors), _BLOCK):
        scores, rows = faiss.knn(
            questions, np.ascontiguousarray(vectors[first : first + _BLOCK]), RECALL_AT, faiss.METRIC_INNER_PRODUCT
        )
        best.add_result(scores, rows + first)
    best.finalize()
    return np.asarray(best.I, dtype=np.int64)


def _recall(index: Any, probed: int, vectors: FloatArray, questions: FloatArray, exact: Rows) -> float:
    """The share of the exactly nearest rows that a search finds, as it is done when serving."""
    parameters: Any = faiss.SearchParametersIVF()
    parameters.nprobe = probed
    _, proposed = index.search(questions, max(_CANDIDATES * RECALL_AT, _FEWEST_CANDIDATES), params=parameters)
    found = 0
    for question, candidates, wanted in zip(questions, proposed, exact, strict=True):
        rows = candidates[candidates >= 0]
        best, _ = _best(rows, np.asarray(vectors[rows]) @ question, RECALL_AT)
        found += len(np.intersect1d(best, wanted))
    return found / exact.size


def _best(rows: Rows, scores: FloatArray, k: int) -> tuple[Rows, FloatArray]:
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order]


def _raw(path: Path, dimensions: int) -> FloatArray:
    if path.stat().st_size == 0:
        return np.zeros((0, dimensions), dtype=np.float32)
    return np.memmap(path, dtype=np.float32, mode="r").reshape(-1, dimensions)
