"""Writes a Keras network as a lean ONNX file: channels first, batch normalisation folded in, weights at half size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import onnx
from onnx import TensorProto, helper

from faceannot.training.onnx_graph import Graph
from faceannot.training.onnx_layers import activation, convolution, normalisation, other

OPSET, IR_VERSION = 17, 8


def export_onnx(
    model: keras.Model, path: Path, *, channels_first_input: bool, half: bool, bytewise: bool = False
) -> None:
    """Write `model` (float32, channels last) to `path`.

    `channels_first_input`: the file takes (n, channels, height, width), as YuNet's interface does, instead of what
    the model takes. `half`, `bytewise`: how weights are stored, see `Graph`. Outputs keep the names of the layers that
    make them. Raises `FaceannotError` for a layer that has no counterpart here.
    """
    graph = Graph(half=half, bytewise=bytewise)
    shape = list(model.inputs[0].shape)
    source = model.inputs[0].name
    dims: list[int | str] = [side if side is not None else name for side, name in zip(shape, "nhwc", strict=True)]
    dims[0] = "batch"
    first = source
    if channels_first_input:
        dims = [dims[0], dims[3], dims[1], dims[2]]
    else:
        first = graph.add("Transpose", [source], perm=[0, 3, 1, 2])
    names = _converted(graph, model, first)
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


def _converted(graph: Graph, model: keras.Model, first: str) -> dict[int, str]:
    """The name in `graph` of each tensor of `model`, by the tensor's id; `first` is the input's."""
    names = {id(model.inputs[0]): first}
    operations = [one for one in model.operations if not isinstance(one, keras.layers.InputLayer)]
    users = _users(operations)
    folded: set[int] = set()
    for one in operations:
        inputs = [names[id(tensor)] for tensor in _inputs(one)]
        if isinstance(one, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            norm = _folding(one, users)
            folded.add(id(norm))
            made = convolution(graph, one, inputs[0], norm)
        elif isinstance(one, keras.layers.BatchNormalization):
            made = inputs[0] if id(one) in folded else normalisation(graph, one, inputs[0])
        else:
            made = other(graph, one, inputs)
        names[id(one.output)] = made
    return names


def _users(operations: list[Any]) -> dict[int, list[Any]]:
    """Who takes each tensor, by the tensor's id."""
    users: dict[int, list[Any]] = {}
    for one in operations:
        for tensor in _inputs(one):
            users.setdefault(id(tensor), []).append(one)
    return users


def _inputs(operation: Any) -> list[Any]:
    return operation.input if isinstance(operation.input, list) else [operation.input]


def _folding(layer: Any, users: dict[int, list[Any]]) -> Any | None:
    """The batch normalisation that can become part of the convolution `layer`: the one that takes it, and as it is."""
    takers = users.get(id(layer.output), [])
    alone = len(takers) == 1 and isinstance(takers[0], keras.layers.BatchNormalization)
    return takers[0] if alone and activation(layer) == "linear" else None


def _renamed(graph: Graph, name: str, tensor: Any) -> tuple[str, list[int | str | None]]:
    """Give an output the name of its layer."""
    layer = tensor._keras_history.operation.name
    graph.nodes.append(helper.make_node("Identity", [name], [layer]))
    return layer, ["batch", *(side for side in tensor.shape[1:])]
