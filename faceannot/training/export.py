"""Writes a Keras network as a lean ONNX file: channels first, batch normalisation folded in, weights at half size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from faceannot.errors import FaceannotError

OPSET, IR_VERSION = 17, 8


def export_onnx(model: keras.Model, path: Path, *, channels_first_input: bool, half: bool) -> None:
    """Write `model` (float32, channels last) to `path`.

    `channels_first_input`: the file takes (n, channels, height, width), as YuNet's interface does, instead of what
    the model takes. `half`: weights are stored as float16, computed with as float32. Outputs keep the names of the
    layers that make them. Raises `FaceannotError` for a layer that has no counterpart here.
    """
    graph = _Graph(half=half)
    shape = list(model.inputs[0].shape)
    source = model.inputs[0].name
    dims: list[int | str] = [side if side is not None else name for side, name in zip(shape, "nhwc", strict=True)]
    dims[0] = "batch"
    first = source
    if channels_first_input:
        dims = [dims[0], dims[3], dims[1], dims[2]]
    else:
        first = graph.add("Transpose", [source], perm=[0, 3, 1, 2])
    names = {id(model.inputs[0]): first}
    for layer in _in_order(model):
        _convert(graph, layer, names, _consumers(model))
    outputs = [_renamed(graph, names[id(tensor)], tensor) for tensor in model.outputs]
    made = helper.make_graph(
        graph.nodes,
        model.name,
        [helper.make_tensor_value_info(source, TensorProto.FLOAT, dims)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        graph.weights,
    )
    file = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    file.producer_name = "faceannot"
    onnx.checker.check_model(file, full_check=True)
    path.write_bytes(file.SerializeToString())


class _Graph:
    """Nodes and weights of the file in the making."""

    def __init__(self, *, half: bool) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._half = half

    def add(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
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


def _in_order(model: keras.Model) -> list[Any]:
    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]


def _consumers(model: keras.Model) -> dict[int, list[Any]]:
    users: dict[int, list[Any]] = {}
    for layer in _in_order(model):
        for tensor in _inputs(layer):
            users.setdefault(id(tensor), []).append(layer)
    return users


def _inputs(layer: Any) -> list[Any]:
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _convert(graph: _Graph, layer: Any, names: dict[int, str], consumers: dict[int, list[Any]]) -> None:
    inputs = [names[id(tensor)] for tensor in _inputs(layer)]
    if isinstance(layer, keras.layers.BatchNormalization):
        names[id(layer.output)] = inputs[0]
        return
    if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
        users = consumers.get(id(layer.output), [])
        norm = users[0] if len(users) == 1 and isinstance(users[0], keras.layers.BatchNormalization) else None
        made = _convolution(graph, layer, inputs[0], norm)
    else:
        made = _simple(graph, layer, inputs)
    names[id(layer.output)] = made


def _convolution(graph: _Graph, layer: Any, source: str, norm: Any) -> str:
    kernel = np.asarray(keras.ops.convert_to_numpy(layer.kernel), np.float32)
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    kernel = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
    bias = np.asarray(keras.ops.convert_to_numpy(layer.bias), np.float32) if layer.use_bias else np.float32(0)
    bias = np.broadcast_to(bias, kernel.shape[:1])
    if norm is not None:
        gamma, beta, mean, variance = (keras.ops.convert_to_numpy(value) for value in norm.weights)
        scale = gamma / np.sqrt(variance + norm.epsilon)
        kernel, bias = kernel * scale[:, None, None, None], beta + (bias - mean) * scale
    size, stride = layer.kernel_size[0], layer.strides[0]
    total = max(size - stride, 0) if layer.padding == "same" else 0
    made = graph.add(
        "Conv",
        [source, graph.weight(kernel.astype(np.float32)), graph.weight(bias.astype(np.float32))],
        kernel_shape=[size, size],
        strides=[stride, stride],
        # As Keras pads an input whose sides the stride divides: the odd pixel goes to the far side.
        pads=[total // 2, total // 2, total - total // 2, total - total // 2],
        group=kernel.shape[0] if depthwise else 1,
    )
    return _activated(graph, made, _activation(layer))


def _activated(graph: _Graph, source: str, activation: Any) -> str:
    kinds = {"relu": "Relu", "sigmoid": "Sigmoid"}
    if activation == "linear":
        return source
    if activation not in kinds:
        raise FaceannotError(f"activation {activation} cannot be written as ONNX")
    return graph.add(kinds[activation], [source])


def _simple(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    maker = _MAKERS.get(type(layer).__name__)
    if maker is None:
        raise FaceannotError(f"layer {layer.name}: {type(layer).__name__} cannot be written as ONNX")
    return maker(graph, layer, inputs)


def _activation(layer: Any) -> Any:
    return keras.activations.serialize(layer.activation)


def _rescaling(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    scaled = graph.add("Mul", [inputs[0], graph.weight(np.float32(layer.scale).reshape(1))])
    return graph.add("Add", [scaled, graph.weight(np.float32(layer.offset).reshape(1))])


def _global_average(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    pooled = graph.add("GlobalAveragePool", inputs)
    return pooled if layer.keepdims else graph.add("Flatten", [pooled], axis=1)


def _average(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    return graph.add("AveragePool", inputs, kernel_shape=list(layer.pool_size), strides=list(layer.strides))


def _upsampling(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    scales = graph.weight(np.array([1, 1, *layer.size], np.float32))
    return graph.add(
        "Resize",
        [inputs[0], "", scales],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _dense(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    kernel, bias = (np.asarray(keras.ops.convert_to_numpy(value), np.float32) for value in layer.weights)
    return _activated(
        graph,
        graph.add("Gemm", [inputs[0], graph.weight(kernel), graph.weight(bias)]),
        _activation(layer),
    )


def _rows(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    """(n, channels, height, width) to (n, height x width, channels)."""
    last = graph.add("Transpose", inputs, perm=[0, 2, 3, 1])
    return graph.add("Reshape", [last, graph.weight(np.array([0, -1, layer.target_shape[-1]], np.int64))])


_MAKERS: dict[str, Callable[[_Graph, Any, list[str]], str]] = {
    "Rescaling": _rescaling,
    "ReLU": lambda graph, layer, inputs: graph.add("Relu", inputs),
    "Activation": lambda graph, layer, inputs: _activated(graph, inputs[0], _activation(layer)),
    "Add": lambda graph, layer, inputs: graph.add("Add", inputs),
    "Multiply": lambda graph, layer, inputs: graph.add("Mul", inputs),
    "Dropout": lambda graph, layer, inputs: inputs[0],
    "GlobalAveragePooling2D": _global_average,
    "AveragePooling2D": _average,
    "UpSampling2D": _upsampling,
    "Dense": _dense,
    "Reshape": _rows,
}


def _renamed(graph: _Graph, name: str, tensor: Any) -> tuple[str, list[int | str | None]]:
    """Give an output the name of its layer."""
    layer = tensor._keras_history.operation.name
    graph.nodes.append(helper.make_node("Identity", [name], [layer]))
    return layer, ["batch", *(side for side in tensor.shape[1:])]
