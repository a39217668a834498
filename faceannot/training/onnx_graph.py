"""Nodes and weights of an ONNX file in the making."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Collects nodes and weights; `half`: large weights are stored as float16, computed with as float32."""

    def __init__(self, *, half: bool) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._half = half

    def add(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """A node of one output, whose name it gives."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, value: NDArray[Any]) -> str:
        """A constant; large float ones are stored in half precision when that was asked for."""
        name = f"w{len(self.weights)}"
        small = value.dtype != np.float32 or value.size < 64 or not self._half
        stored = value if small else value.astype(np.float16)
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(stored), name))
        return name if small else self.add("Cast", [name], to=TensorProto.FLOAT)
