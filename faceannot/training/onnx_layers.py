"""Each Keras layer and operation as ONNX nodes; pictures lie channels first in the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot.errors import FaceannotError
from faceannot.training.onnx_graph import Graph

FloatArray = NDArray[np.float32]
Maker = Callable[[Graph, Any, list[str]], str]


def convolution(graph: Graph, layer: Any, source: str, norm: Any | None) -> str:
    """A convolution, depthwise or not, with the batch normalisation `norm` that follows it folded in."""
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    kernel = _array(layer.kernel)
    if depthwise and kernel.shape[3] > 1:
        raise FaceannotError(f"layer {layer.name}: more than one filter a channel cannot be written as ONNX")
    kernel = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
    bias = np.broadcast_to(_array(layer.bias) if layer.use_bias else np.float32(0), kernel.shape[:1])
    if norm is not None:
        scale, offset = _normalising(norm)
        kernel, bias = kernel * scale[:, None, None, None], bias * scale + offset
    reach = [(size - 1) * rate + 1 for size, rate in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    made = graph.add(
        "Conv",
        [source, graph.weight(kernel.astype(np.float32)), graph.weight(bias.astype(np.float32))],
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        pads=_pads(layer, reach),
        group=kernel.shape[0] if depthwise else layer.groups,
    )
    return activated(graph, made, layer)


def normalisation(graph: Graph, layer: Any, source: str) -> str:
    """A batch normalisation by itself, of pictures or of rows."""
    scale, offset = _normalising(layer)
    shape = (1, -1, 1, 1) if len(layer.output.shape) == 4 else (1, -1)
    scaled = graph.add("Mul", [source, graph.weight(scale.reshape(shape))])
    return graph.add("Add", [scaled, graph.weight(offset.reshape(shape))])


def other(graph: Graph, layer: Any, inputs: list[str]) -> str:
    """Any other layer or operation. Raises `FaceannotError` for one that has no counterpart here."""
    makers = _LAYERS if isinstance(layer, keras.layers.Layer) else _OPERATIONS
    maker = makers.get(type(layer).__name__)
    if maker is None:
        raise FaceannotError(f"layer {layer.name}: {type(layer).__name__} cannot be written as ONNX")
    return maker(graph, layer, inputs)


def activated(graph: Graph, source: str, layer: Any) -> str:
    """The activation of `layer` on what it made."""
    name = activation(layer)
    if name == "linear":
        return source
    if name in ("silu", "swish"):
        return graph.add("Mul", [source, graph.add("Sigmoid", [source])])
    if name == "relu6":
        return _clipped(graph, source, 0.0, 6.0)
    if name not in _ACTIVATIONS:
        raise FaceannotError(f"layer {layer.name}: activation {name} cannot be written as ONNX")
    kind, attributes = _ACTIVATIONS[name]
    if kind == "Softmax" and len(layer.output.shape) == 4:
        attributes = {"axis": 1}
    return graph.add(kind, [source], **attributes)


_ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "hard_silu": ("HardSwish", {}),
    "hard_swish": ("HardSwish", {}),
}


def activation(layer: Any) -> Any:
    """The name of the layer's activation."""
    return keras.activations.serialize(layer.activation)


def _array(value: Any) -> FloatArray:
    return np.asarray(keras.ops.convert_to_numpy(value), np.float32)


def _normalising(norm: Any) -> tuple[FloatArray, FloatArray]:
    """What a batch normalisation multiplies with and adds, at labelling."""
    gamma = _array(norm.gamma) if norm.scale else np.float32(1)
    beta = _array(norm.beta) if norm.center else np.float32(0)
    scale = gamma / np.sqrt(_array(norm.moving_variance) + np.float32(norm.epsilon))
    return scale, beta - _array(norm.moving_mean) * scale


def _pads(layer: Any, reach: Sequence[int]) -> list[int]:
    """Pixels above, left, below and right, as Keras pads: the odd one goes to the far side."""
    if layer.padding == "valid":
        return [0, 0, 0, 0]
    totals = []
    for side, size, stride in zip(layer.input.shape[1:3], reach, layer.strides, strict=True):
        # A side that is not known is taken for one that the stride divides.
        last = -(-side // stride) * stride if side is not None else 0
        spare = last - stride + size - side if side is not None else size - stride
        totals.append(max(spare, 0))
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _rescaling(graph: Graph, layer: Any, inputs: list[str]) -> str:
    scale, offset = (np.asarray(value, np.float32).reshape(1, -1, 1, 1) for value in (layer.scale, layer.offset))
    scaled = graph.add("Mul", [inputs[0], graph.weight(scale)])
    return graph.add("Add", [scaled, graph.weight(offset)])


def _normalization(graph: Graph, layer: Any, inputs: list[str]) -> str:
    """The layer of known means and variances, over the last axis."""
    if tuple(layer.axis) not in ((-1,), (len(layer.output.shape) - 1,)):
        raise FaceannotError(f"layer {layer.name}: Normalization over axis {layer.axis} cannot be written as ONNX")
    scale = 1 / np.maximum(np.sqrt(_array(layer.variance)), keras.config.epsilon())
    offset = -_array(layer.mean) * scale
    scaled = graph.add("Mul", [inputs[0], graph.weight(scale.reshape(1, -1, 1, 1))])
    return graph.add("Add", [scaled, graph.weight(offset.reshape(1, -1, 1, 1))])


def _relu(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.negative_slope or layer.threshold:
        raise FaceannotError(f"layer {layer.name}: a ReLU with a slope or threshold cannot be written as ONNX")
    return graph.add("Relu", inputs) if layer.max_value is None else _clipped(graph, inputs[0], 0.0, layer.max_value)


def _clipped(graph: Graph, source: str, low: float, high: float) -> str:
    return graph.add("Clip", [source, *(graph.weight(np.array(limit, np.float32)) for limit in (low, high))])


def _global_average(graph: Graph, layer: Any, inputs: list[str]) -> str:
    pooled = graph.add("GlobalAveragePool", inputs)
    return pooled if layer.keepdims else graph.add("Flatten", [pooled], axis=1)


def _pooling(kind: str) -> Maker:
    def make(graph: Graph, layer: Any, inputs: list[str]) -> str:
        pads = _pads(layer, layer.pool_size)
        return graph.add(kind, inputs, kernel_shape=list(layer.pool_size), strides=list(layer.strides), pads=pads)

    return make


def _padding(graph: Graph, layer: Any, inputs: list[str]) -> str:
    (top, bottom), (left, right) = layer.padding
    return graph.add("Pad", [inputs[0], graph.weight(np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))])


def _upsampling(graph: Graph, layer: Any, inputs: list[str]) -> str:
    return graph.add(
        "Resize",
        [inputs[0], "", graph.weight(np.array([1, 1, *layer.size], np.float32))],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _dense(graph: Graph, layer: Any, inputs: list[str]) -> str:
    weights = [graph.weight(_array(value)) for value in layer.weights]
    return activated(graph, graph.add("Gemm", [inputs[0], *weights]), layer)


def _flat(graph: Graph, layer: Any, inputs: list[str]) -> str:
    """Rows in Keras's order, in which the channels lie side by side."""
    pictures = len(layer.input.shape) == 4
    last = graph.add("Transpose", inputs, perm=[0, 2, 3, 1]) if pictures else inputs[0]
    return graph.add("Flatten", [last], axis=1)


def _reshaped(graph: Graph, layer: Any, inputs: list[str]) -> str:
    """(n, channels) to a picture of one pixel, or a picture to (n, height x width, channels)."""
    if len(layer.input.shape) == 2 and layer.target_shape[:2] == (1, 1):
        return graph.add("Reshape", [inputs[0], graph.weight(np.array([0, -1, 1, 1], np.int64))])
    last = graph.add("Transpose", inputs, perm=[0, 2, 3, 1])
    return graph.add("Reshape", [last, graph.weight(np.array([0, -1, layer.target_shape[-1]], np.int64))])


def _concatenated(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.axis not in (-1, len(layer.output.shape) - 1):
        raise FaceannotError(f"layer {layer.name}: Concatenate over axis {layer.axis} cannot be written as ONNX")
    return graph.add("Concat", inputs, axis=1)


def _arithmetic(kind: str) -> Maker:
    """An operation of two tensors, or of a tensor and a number."""

    def make(graph: Graph, operation: Any, inputs: list[str]) -> str:
        numbers = [part for part in operation._inbound_nodes[0].arguments.args if isinstance(part, int | float)]
        return graph.add(kind, [*inputs, *(graph.weight(np.array(number, np.float32)) for number in numbers)])

    return make


_LAYERS: dict[str, Maker] = {
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "ReLU": _relu,
    "Activation": lambda graph, layer, inputs: activated(graph, inputs[0], layer),
    "Add": lambda graph, layer, inputs: graph.add("Add", inputs),
    "Multiply": lambda graph, layer, inputs: graph.add("Mul", inputs),
    "Concatenate": _concatenated,
    "Dropout": lambda graph, layer, inputs: inputs[0],
    "GlobalAveragePooling2D": _global_average,
    "AveragePooling2D": _pooling("AveragePool"),
    "MaxPooling2D": _pooling("MaxPool"),
    "ZeroPadding2D": _padding,
    "UpSampling2D": _upsampling,
    "Dense": _dense,
    "Flatten": _flat,
    "Reshape": _reshaped,
}
_OPERATIONS: dict[str, Maker] = {
    "Add": _arithmetic("Add"),
    "Multiply": _arithmetic("Mul"),
    "Log": lambda graph, operation, inputs: graph.add("Log", inputs),
    "Clip": lambda graph, operation, inputs: _clipped(graph, inputs[0], operation.x_min, operation.x_max),
}
