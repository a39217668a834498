"""Nodes and weights of an ONNX file in the making."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Collects nodes and weights.

    `half`: large weights are stored as float16; `bytewise`: as int8 with a scale for each part of their first axis. All
    are computed with as float32, into which ONNX Runtime turns them when it loads the file.
    """

    def __init__(self, *, half: bool, bytewise: bool = False) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._half = half
        self._bytewise = bytewise

    def add(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """A node of one output, whose name it gives."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, value: NDArray[Any]) -> str:
        """A constant; large float ones are stored as was asked for."""
        small = value.dtype != np.float32 or value.size < 64
        if self._bytewise and not small and value.ndim > 1:
            return self._in_bytes(value)
        if small or not (self._half or self._bytewise):
            return self._constant(value)
        return self.add("Cast", [self._constant(value.astype(np.float16))], to=TensorProto.FLOAT)

    def _in_bytes(self, value: NDArray[np.float32]) -> str:
        largest = np.abs(value).reshape(len(value), -1).max(axis=1)
        scale = np.maximum(largest / 127, np.float32(1e-12)).reshape(-1, *[1] * (value.ndim - 1)).astype(np.float32)
        whole = self.add("Cast", [self._constant(np.rint(value / scale).astype(np.int8))], to=TensorProto.FLOAT)
        return self.add("Mul", [whole, self._constant(scale)])

    def _constant(self, value: NDArray[Any]) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name
