"""Products of vectors of bytes with a few vectors of floats, in whole numbers.

Processors multiply bytes several times faster than floats, but numpy does not; ONNX Runtime, which runs the encoder,
has a kernel for it. products.onnx is the one operation MatMulInteger over (n, t) unsigned bytes, of which 128 stands
for zero, and (t, m) signed ones.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from procqa.embedding.encoder import FloatArray, IntArray

# Seven bits of eight: the sums of two products fit 16 bits, so that processors without VNNI compute the same.
_MOST = 63


def byte_products(vectors: NDArray[np.int8], floats: FloatArray) -> tuple[IntArray, FloatArray]:
    """Whole numbers (n, q) and factors (q,), whose product are the dot products of (n, t) bytes and (q, t) floats.

    Each float vector is split into two of bytes, a coarse and a fine one: its numbers come back to within a 15,000th of
    the greatest of them.
    """
    greatest = np.maximum(np.abs(floats).max(axis=1, initial=0.0), np.float32(1e-9))
    scaled = floats * (_MOST / greatest)[:, None]
    coarse = np.rint(scaled)
    fine = np.rint((scaled - coarse) * (2 * _MOST))
    columns = np.concatenate([coarse, fine]).T.astype(np.int8)
    rows = vectors.view(np.uint8) ^ np.uint8(128)
    (products,) = _session().run(None, {"rows": rows, "columns": np.ascontiguousarray(columns)})
    count = len(floats)
    whole: IntArray = products[:, :count] * (2 * _MOST) + products[:, count:]
    return whole, (greatest / (_MOST * 2 * _MOST)).astype(np.float32)


@lru_cache(maxsize=1)
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = resources.files("procqa.embedding").joinpath("products.onnx").read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
