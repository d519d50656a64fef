"""Vectors of passages in FAISS: row i is passage i, scores are cosines."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from procqa.embedding.encoder import FloatArray

Rows = NDArray[np.int64]


def write_dense(vectors: FloatArray, path: Path) -> None:
    """Store unit vectors, (n, d), for exact search."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    for first in range(0, len(vectors), 65536):
        index.add(np.ascontiguousarray(vectors[first : first + 65536], dtype=np.float32))
    faiss.write_index(index, str(path))


class DenseIndex:
    """Exact search over a stored file, mapped from disk so that processes share it; read only."""

    def __init__(self, path: Path) -> None:
        # Adding to or removing from a mapped index crashes the process: nothing here ever does.
        self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return int(self._index.d)

    def search(self, vector: FloatArray, k: int, rows: Rows | None = None) -> tuple[Rows, FloatArray]:
        """The k rows nearest to a unit vector, best first, with their cosines; only among `rows` when given."""
        parameters = None
        if rows is not None:
            # Held by a name until the search is over: not every version of FAISS keeps what it is given here alive.
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(rows, dtype=np.int64))
            parameters = faiss.SearchParameters()
            parameters.sel = selector
        scores, found = self._index.search(vector[None, :], min(k, len(self)), params=parameters)
        keep = found[0] >= 0
        return found[0][keep], scores[0][keep]

    def vectors(self, rows: Rows) -> FloatArray:
        """The stored vectors of some rows, (n, d)."""
        if len(rows) == 0:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        batch: FloatArray = self._index.reconstruct_batch(np.ascontiguousarray(rows, dtype=np.int64))
        return batch
