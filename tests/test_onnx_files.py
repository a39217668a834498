"""ONNX files from anybody: those that reach outside, break or promise other shapes are refused at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from faceannot.annotator import Annotator
from faceannot.detector import OUTPUTS, Detector
from faceannot.errors import BundleError
from faceannot.onnx_files import open_network
from tests import fakes

SECRET = bytes(4000)


def outside(model: onnx.ModelProto, location: str, tensor: Any = None) -> onnx.ModelProto:
    """`model` with the numbers of its first weight, or of `tensor`, in the file `location`."""
    weight = tensor or model.graph.initializer[0]
    size = len(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(size)}.items():
        entry = weight.external_data.add()
        entry.key, entry.value = key, value
    return model


def bundle_of(folder: Path, **models: onnx.ModelProto) -> Path:
    """A bundle whose description fits the given models, as the author of a hostile one would write it."""
    fakes.bundle(folder)
    for name, model in models.items():
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    return fakes.redescribe(folder)


@pytest.mark.parametrize("model", ["classifier", "detector"])
@pytest.mark.parametrize("location", ["../secret", "ABSOLUTE", "../../../../../../etc/passwd", "beside", "bundle.json"])
def test_weights_in_other_files_are_refused(tmp_path: Path, model: str, location: str) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "beside").write_bytes(SECRET)
    place = str(tmp_path / "secret") if location == "ABSOLUTE" else location
    folder = bundle_of(tmp_path / "bundle", **{model: outside(getattr(fakes, model)(), place)})
    with pytest.raises(BundleError, match=rf"{model}\.onnx: keeps weights in another file"):
        Annotator(model=folder, threads=1)


def constant(location: str) -> onnx.NodeProto:
    value = numpy_helper.from_array(np.zeros(8, np.float32), "hidden")
    outside(onnx.ModelProto(), location, value)
    return helper.make_node("Constant", [], ["hidden"], value=value)


def in_a_constant() -> onnx.ModelProto:
    model = fakes.classifier()
    model.graph.node.append(constant("/etc/passwd"))
    return model


def in_a_branch() -> onnx.ModelProto:
    model = fakes.classifier()
    branch = helper.make_graph([constant("/etc/passwd")], "branch", [], [])
    model.graph.node.append(helper.make_node("If", ["which"], ["out"], then_branch=branch, else_branch=branch))
    return model


def in_a_function() -> onnx.ModelProto:
    model = fakes.classifier()
    model.functions.add(domain="mine", name="hidden").node.append(constant("/etc/passwd"))
    return model


def in_a_sparse_tensor() -> onnx.ModelProto:
    model = fakes.classifier()
    sparse = model.graph.sparse_initializer.add()
    sparse.values.CopyFrom(numpy_helper.from_array(np.zeros(8, np.float32), "hidden"))
    outside(model, "/etc/passwd", sparse.values)
    return model


def by_the_location_alone() -> onnx.ModelProto:
    model = fakes.classifier()
    model.graph.initializer[0].external_data.add().key = "location"
    return model


@pytest.mark.parametrize("make", [in_a_constant, in_a_branch, in_a_function, in_a_sparse_tensor, by_the_location_alone])
def test_weights_in_other_files_are_found_wherever_they_are_named(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(make().SerializeToString())
    with pytest.raises(BundleError, match="keeps weights in another file"):
        open_network(path, "classifier")


def test_a_weight_that_says_it_lies_right_here_is_read(tmp_path: Path) -> None:
    model = fakes.classifier()
    model.graph.initializer[0].data_location = TensorProto.DEFAULT
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    assert open_network(tmp_path / "a.onnx", "classifier").get_inputs()[0].name == "crops"


@pytest.mark.parametrize(
    "content", [b"", bytes(100), b"\xff" * 100, b"<html>", fakes.classifier().SerializeToString()[:300]]
)
def test_what_is_no_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(BundleError, match=r"a\.onnx: not a usable ONNX detector"):
        Detector(tmp_path / "a.onnx")


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"any\.onnx"):
        Detector(path)


def test_graphs_in_graphs_in_graphs_are_refused(tmp_path: Path) -> None:
    content = b""
    for field in (6, 5, 1) * 40:  # attribute.g, node.attribute, graph.node
        content = field_of(field, content)
    (tmp_path / "deep.onnx").write_bytes(field_of(7, content))
    with pytest.raises(BundleError, match="nested too deep"):
        open_network(tmp_path / "deep.onnx", "classifier")


def field_of(field: int, content: bytes) -> bytes:
    """`content` as a field of a protobuf message."""
    size, digits = len(content), bytearray()
    while size > 127:
        digits.append(size & 127 | 128)
        size >>= 7
    return bytes([field << 3 | 2, *digits, size]) + content


def test_a_pipe_in_the_place_of_a_model_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(BundleError, match=r"pipe\.onnx: not a plain file"):
        Detector(tmp_path / "pipe.onnx")


def with_input(shape: list[int | str] | None) -> onnx.ModelProto:
    model = fakes.detector()
    kind = model.graph.input[0].type.tensor_type
    kind.ClearField("shape")
    if shape is not None:
        model.graph.input[0].CopyFrom(helper.make_tensor_value_info("input", TensorProto.FLOAT, shape))
    return model


def with_two_inputs() -> onnx.ModelProto:
    model = fakes.detector()
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, ["n"]))
    return model


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (with_input(None), "it has to take one picture"),
        (with_input([1, 1, "h", "w"]), "it has to take one picture"),
        (with_two_inputs(), "it has to take one picture"),
        (with_input([1, 3, 31, 33]), "multiples of 32"),
        (with_input([1, 3, 2**31, 2**31]), "up to 8192"),
    ],
)
def test_a_detector_of_another_input_is_refused(tmp_path: Path, model: onnx.ModelProto, reason: str) -> None:
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match=rf"a\.onnx: no detector with YuNet's interface: .*{reason}"):
        Detector(tmp_path / "a.onnx")


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ("Flatten", "cls_8 has to be 64 numbers for 64 x 64 pixels"),
        ("ReduceMax", "it breaks on a black picture"),
    ],
)
def test_a_detector_of_other_outputs_is_refused(tmp_path: Path, node: str, reason: str) -> None:
    options = {"keepdims": 0} if node == "ReduceMax" else {}
    nodes = [helper.make_node(node, ["input"], [name], **options) for name in OUTPUTS]
    puts = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in OUTPUTS]
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "h", "w"])
    graph = helper.make_graph(nodes, "other", [image], puts)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match=reason):
        Detector(tmp_path / "a.onnx")


def test_a_classifier_that_says_what_is_no_number_is_refused(tmp_path: Path) -> None:
    model = fakes.classifier()
    (bias,) = (weight for weight in model.graph.initializer if weight.name == "gender_b")
    bias.CopyFrom(numpy_helper.from_array(np.array([np.nan, 1.0], np.float32), "gender_b"))
    with pytest.raises(BundleError, match=r"`gender` has to be \(1, 2\) finite numbers"):
        Annotator(model=bundle_of(tmp_path, classifier=model), threads=1)


def test_a_classifier_that_breaks_is_refused_before_the_first_photo(tmp_path: Path) -> None:
    model = fakes.classifier()
    # What a shape is, is seen when it is run.
    zero = numpy_helper.from_array(np.array([0], np.int64), "zero")
    model.graph.initializer.append(zero)
    model.graph.node.append(helper.make_node("Reshape", ["expression_flat", "zero"], ["expression"]))
    model.graph.node[2].output[0] = "expression_flat"
    with pytest.raises(BundleError, match=r"classifier\.onnx"):
        Annotator(model=bundle_of(tmp_path, classifier=model), threads=1)


def test_the_shipped_models_hold_all_of_their_weights() -> None:
    models = Path(__file__).parent.parent / "models"
    assert open_network(models / "classifier.onnx", "classifier").get_inputs()
    assert open_network(models / "detector.onnx", "detector").get_inputs()
