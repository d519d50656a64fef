"""The weights of an exported int8 model as floats again, so that training can go on from what ships.

What int8 lost stays lost (cosines of tokens 0.99), which is little beside what training changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from procqa.errors import ModelError

_SMALL, _SCALE, _ZERO = "_quantized", "_scale", "_zero_point"


def restored_weights(file: Path) -> dict[str, NDArray[np.float32]]:
    """The parameters of an exported model, by their names in torch; raises ModelError when it is of another kind.

    A matrix that was multiplied has lost its name in the export; it is known by the bias that is added next.
    """
    model = onnx.load(str(file))
    held = {item.name: numpy_helper.to_array(item, str(file.parent)) for item in model.graph.initializer}
    weights = {name: value for name, value in held.items() if name.endswith((".weight", ".bias"))}
    for name in held:
        if name.endswith(f".weight{_SMALL}"):
            weights[name.removesuffix(_SMALL)] = _floats(held, name.removesuffix(_SMALL))
    weights |= dict(_multiplied(model.graph, held))
    if not any(name.endswith("query.weight") for name in weights):
        raise ModelError(f"{file} is no int8 export that training can begin from; give another model.")
    return {name: np.array(value, dtype=np.float32, order="C") for name, value in weights.items()}


def _multiplied(
    graph: onnx.GraphProto, held: dict[str, NDArray[np.generic]]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    users = {name: node for node in graph.node for name in node.input}
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        after = node
        while after.op_type != "Add":
            after = users[after.output[0]]
        for name in after.input:
            if name in held and name.endswith(".bias"):
                # Linear layers of torch keep their matrix transposed.
                yield f"{name.removesuffix('bias')}weight", _floats(held, node.input[1].removesuffix(_SMALL)).T


def _floats(held: dict[str, NDArray[np.generic]], name: str) -> NDArray[np.float32]:
    small = held[name + _SMALL].astype(np.float32) - held[name + _ZERO].astype(np.float32)
    return np.asarray(small * held[name + _SCALE].astype(np.float32), dtype=np.float32)
