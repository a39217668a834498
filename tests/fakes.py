"""Tiny models with the interfaces of the real ones, and photos that they understand, so that tests need no training.

A face is a red square of `SIDE` pixels on a grid of as many, in a photo whose longer side is 640 pixels, or a photo
enlarged from that. More blue makes it female, more green makes it happy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from faceannot.records import EXPRESSIONS, GENDERS

RgbArray = NDArray[np.uint8]

SIDE = 32
CROP_PX = 24
VERIFIER_PX = 16
HAPPY_MALE, HAPPY_FEMALE, SAD_MALE, SAD_FEMALE = (255, 90, 0), (255, 90, 120), (255, 0, 0), (255, 0, 120)
BACKGROUND = (64, 64, 64)

# Landmarks of a face in its square, as shares of the side: eyes, nose tip, mouth corners.
_LANDMARKS = (0.35, 0.40, 0.65, 0.40, 0.50, 0.57, 0.38, 0.75, 0.62, 0.75)


def photo(
    *faces: tuple[int, int, tuple[int, int, int]], width: int = 640, height: int = 448, background: Any = BACKGROUND
) -> RgbArray:
    """An RGB photo with a face at each (column, row) of the grid, in its colour."""
    rgb = np.full((height, width, 3), background, np.uint8)
    for column, row, colour in faces:
        rgb[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE] = colour
    return rgb


def save(rgb: RgbArray, path: Path) -> Path:
    """Write a photo as a PNG or, by its suffix, in another format, of good quality."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path, quality=95)
    return path


def bundle(folder: Path, **changes: Any) -> Path:
    """Write a bundle; `changes` replace keys of its description, `detector__threshold` those of a section."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(detector(), folder / "detector.onnx")
    onnx.save(classifier(), folder / "classifier.onnx")
    description = describe(folder)
    for name, value in changes.items():
        *sections, key = name.split("__")
        place = description
        for section in sections:
            place = place[section]
        place[key] = value
    (folder / "bundle.json").write_text(json.dumps(description), encoding="utf-8")
    return folder


def replace_classifier(folder: Path, likeliest: str) -> None:
    """Give a bundle a classifier that sees the expression `likeliest` in every face."""
    onnx.save(classifier(likeliest=likeliest), folder / "classifier.onnx")
    description = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    description["classifier"]["sha256"] = _sha256(folder / "classifier.onnx")
    (folder / "bundle.json").write_text(json.dumps(description), encoding="utf-8")


def add_verifier(folder: Path, **changes: Any) -> Path:
    """Give a bundle a verifier that takes nothing blue, so no woman of these pictures, for a face."""
    onnx.save(verifier(), folder / "verifier.onnx")
    description = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    description["verifier"] = {
        "file": "verifier.onnx",
        "sha256": _sha256(folder / "verifier.onnx"),
        "side_px": VERIFIER_PX,
        "context": 1.0,
        "proposed": 0.5,
        "weights": [1.0, 0.0, 0.0],
        **changes,
    }
    (folder / "bundle.json").write_text(json.dumps(description), encoding="utf-8")
    return folder


def redescribe(folder: Path) -> Path:
    """Describe the models in `folder` as they are now."""
    (folder / "bundle.json").write_text(json.dumps(describe(folder)), encoding="utf-8")
    return folder


def describe(folder: Path) -> dict[str, Any]:
    """The description of the two models in `folder`."""
    return {
        "format": 1,
        "name": "fake",
        "detector": {
            "file": "detector.onnx",
            "sha256": _sha256(folder / "detector.onnx"),
            "threshold": 0.7,
            "sizes": [640, 640],
        },
        "classifier": {
            "file": "classifier.onnx",
            "sha256": _sha256(folder / "classifier.onnx"),
            "crop_px": CROP_PX,
            "layout": "NHWC",
            "colour": "RGB",
            "range": [0, 255],
            "template": {"eye_distance": 0.4, "eye_height": 0.4},
            "genders": list(GENDERS),
            "expressions": list(EXPRESSIONS),
            "temperature": {"gender": 1.0, "expression": 1.0},
            "gender_bias": 0.0,
            "expression_biases": [0.0] * len(EXPRESSIONS),
            "mirrored": False,
        },
        "unsure_threshold": 0.6,
        "licence": "none",
    }


def detector() -> onnx.ModelProto:
    """YuNet's interface; a cell of stride 32 is a face as far as it is redder than the background."""
    nodes, outputs, weights = [], [], []
    for stride in (8, 16, 32):
        here = stride == 32
        darkest, brightest = BACKGROUND[0], 255
        redness, offset = [0, 0, here / (brightest - darkest)], -here * darkest / (brightest - darkest)
        nodes.append(
            _node("AveragePool", ["input"], f"cells_{stride}", kernel_shape=[stride] * 2, strides=[stride] * 2)
        )
        for part, kernel, bias in (
            ("cls", [redness], [offset]),
            ("obj", [redness], [offset]),
            ("bbox", np.zeros((4, 3)), [0.5, 0.5, 0.0, 0.0]),
            ("kps", np.zeros((10, 3)), _LANDMARKS),
        ):
            name = f"{part}_{stride}"
            weights += _weights({f"{name}_w": np.reshape(kernel, (-1, 3, 1, 1)), f"{name}_b": bias})
            nodes.append(_node("Conv", [f"cells_{stride}", f"{name}_w", f"{name}_b"], f"{name}_map"))
            nodes.append(_node("Transpose", [f"{name}_map"], f"{name}_last", perm=[0, 2, 3, 1]))
            weights += [numpy_helper.from_array(np.array([1, -1, len(bias)]), f"{name}_shape")]
            nodes.append(_node("Reshape", [f"{name}_last", f"{name}_shape"], name))
            outputs.append(_put(name, [1, None, len(bias)]))
    return _model(nodes, [_put("input", [1, 3, "height", "width"])], outputs, weights)


def classifier(side_px: int = CROP_PX, expressions: int = len(EXPRESSIONS), likeliest: str = "") -> onnx.ModelProto:
    """Logits from the mean colour: `female` with blue, `happy` with green and `sad` without, or always `likeliest`."""
    gender = np.zeros((3, 2))
    gender[2] = -0.1, 0.1
    expression = np.zeros((3, expressions))
    expression[1, 1] = 0.2
    # Even scores would mean that it does not know the other expressions.
    bias = [0.0, 0.0, 8.0, *[-0.01] * (expressions - 3)]
    if likeliest:
        bias[EXPRESSIONS.index(likeliest)] = 100.0
    weights = _weights(
        {
            "gender_w": gender,
            "gender_b": [3.0, -3.0],
            "expression_w": expression,
            "expression_b": bias,
        }
    )
    nodes = [
        _node("ReduceMean", ["crops"], "colours", axes=[1, 2], keepdims=0),
        _node("Gemm", ["colours", "gender_w", "gender_b"], "gender"),
        _node("Gemm", ["colours", "expression_w", "expression_b"], "expression"),
    ]
    inputs = [_put("crops", ["n", side_px, side_px, 3])]
    return _model(nodes, inputs, [_put("gender", ["n", 2]), _put("expression", ["n", expressions])], weights)


def verifier(side_px: int = VERIFIER_PX, values: int = 1) -> onnx.ModelProto:
    """A logit of 5, less with all blue of the crop."""
    look = np.zeros((3, values))
    look[2] = -0.2
    weights = _weights({"look": look, "offset": [5.0] * values})
    nodes = [
        _node("ReduceMean", ["crops"], "colours", axes=[1, 2], keepdims=0),
        _node("Gemm", ["colours", "look", "offset"], "face"),
    ]
    inputs = [_put("crops", ["n", side_px, side_px, 3])]
    return _model(nodes, inputs, [_put("face", ["n", values])], weights)


def _node(kind: str, inputs: list[str], output: str, **options: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [output], **options)


def _put(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _weights(values: dict[str, Any]) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in values.items()]


def _model(
    nodes: Iterable[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: list[onnx.TensorProto],
) -> onnx.ModelProto:
    graph = helper.make_graph(list(nodes), "fake", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
