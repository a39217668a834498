"""The ONNX file says what Keras says, layer by layer and for whole networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

from faceannot.errors import FaceannotError
from faceannot.training.backbones import build
from faceannot.training.export import export_onnx
from faceannot.training.heads import interface
from faceannot.training.recipe import HeadName, Network


def stirred(model: keras.Model) -> keras.Model:
    """`model` with weights as a training leaves them, normalisation statistics too."""
    random = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return model


def said(model: keras.Model, tmp_path: Path, pictures: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each output what the file says and what Keras says."""
    export_onnx(model, tmp_path / "m.onnx", channels_first_input=False, half=False)
    names = [tensor._keras_history.operation.name for tensor in model.outputs]
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    theirs = model.predict(pictures, verbose=0)
    mine = session.run(names, {model.inputs[0].name: pictures})
    return list(zip(mine, theirs if isinstance(theirs, list) else [theirs], strict=True))


def pictures(side: int = 9, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3)).astype(np.float32)


def squeezed(x: Any) -> Any:
    gate = layers.Reshape((1, 1, 3))(layers.GlobalAveragePooling2D()(x))
    return layers.Multiply()([x, gate])


BODIES: dict[str, Callable[[Any], Any]] = {
    "stride 2 on an odd side": lambda x: layers.Conv2D(4, 3, strides=2, padding="same")(x),
    "an oblong kernel": lambda x: layers.Conv2D(4, (1, 7), padding="same")(x),
    "an oblong kernel, valid": lambda x: layers.Conv2D(4, (3, 1), padding="valid")(x),
    "a dilated kernel": lambda x: layers.Conv2D(4, 3, dilation_rate=2, padding="same")(x),
    "depthwise": lambda x: layers.DepthwiseConv2D(3, strides=2, padding="same")(x),
    "normalised after its activation": lambda x: layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(x)),
    "normalised without scale": lambda x: layers.BatchNormalization(scale=False)(layers.Conv2D(4, 3)(x)),
    "normalised first": lambda x: layers.BatchNormalization(center=False)(x),
    "maximum, same": lambda x: layers.MaxPooling2D(2, padding="same")(x),
    "maximum, valid": lambda x: layers.MaxPooling2D(3, strides=2)(x),
    "average, same, stride 1": lambda x: layers.AveragePooling2D(3, strides=1, padding="same")(x),
    "average, same, odd side": lambda x: layers.AveragePooling2D(2, padding="same")(x),
    "zeros around": lambda x: layers.Conv2D(4, 3, strides=2)(layers.ZeroPadding2D(((0, 1), (2, 1)))(x)),
    "side by side": lambda x: layers.Concatenate()([x, layers.Conv2D(2, 1)(x)]),
    "scaled by channel": lambda x: layers.Rescaling([0.1, 0.2, 0.3], offset=[1.0, 2.0, 3.0])(x),
    "known means": lambda x: layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])(x),
    "relu6": lambda x: layers.ReLU(6.0)(x),
    "squeezed": squeezed,
    "a number added and multiplied": lambda x: (x + 3.0) * 0.5,
    **{
        name: lambda x, name=name: layers.Conv2D(4, 3, activation=name)(layers.Rescaling(0.02, offset=-2.0)(x))
        for name in ("relu", "relu6", "sigmoid", "tanh", "silu", "hard_sigmoid", "hard_silu", "softmax")
    },
}


@pytest.mark.parametrize("what", BODIES)
def test_a_layer_says_the_same_in_both(what: str, tmp_path: Path) -> None:
    inputs = keras.Input((9, 9, 3), name="crops")
    rows = layers.Flatten()(BODIES[what](inputs))
    model = stirred(keras.Model(inputs, layers.Dense(5, use_bias=False, name="said")(rows)))
    for mine, theirs in said(model, tmp_path, pictures()):
        assert np.abs(mine - theirs).max() < 1e-4 * max(1.0, np.abs(theirs).max())


def test_rows_are_normalised_too(tmp_path: Path) -> None:
    inputs = keras.Input((4, 4, 3), name="crops")
    rows = layers.BatchNormalization(name="said")(layers.Dense(5)(layers.Flatten()(inputs)))
    for mine, theirs in said(stirred(keras.Model(inputs, rows)), tmp_path, pictures(4)):
        assert np.abs(mine - theirs).max() < 1e-4 * np.abs(theirs).max()


@pytest.mark.parametrize("head", ["gender", "emotion", "label", "multitask"])
def test_each_head_becomes_the_bundles_interface(head: HeadName, tmp_path: Path) -> None:
    model = build(Network(widths=(4, 4), dense=8), 16, head, for_training=False)
    gender, expression = said(interface(model, head), tmp_path, pictures(16))
    assert (gender[0].shape, expression[0].shape) == ((3, 2), (3, 7))
    for mine, theirs in (gender, expression):
        assert np.allclose(mine, theirs, atol=1e-4)


@pytest.mark.parametrize(
    ("backbone", "side"),
    [
        ("residual", 33),
        ("VGG16", 32),
        ("ResNet50", 33),
        ("InceptionV3", 75),
        ("MobileNetV3Small", 33),
        ("MobileNetV3Large", 32),
        ("EfficientNetB0", 33),
    ],
)
def test_each_backbone_says_the_same_in_both(backbone: Any, side: int, tmp_path: Path) -> None:
    network = Network(backbone=backbone, dense=0, widths=(8, 16), blocks=(1, 1))
    model = stirred(build(network, side, "multitask", for_training=False))
    for mine, theirs in said(model, tmp_path, pictures(side, 2)):
        assert np.abs(mine - theirs).max() < 1e-3 * max(1.0, np.abs(theirs).max())


@pytest.mark.parametrize(
    "layer", [layers.ReLU(negative_slope=0.1), layers.Activation("mish"), layers.DepthwiseConv2D(3, depth_multiplier=2)]
)
def test_what_cannot_be_written_is_named(layer: Any, tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 3), name="crops")
    with pytest.raises(FaceannotError, match=layer.name):
        export_onnx(keras.Model(inputs, layer(inputs)), tmp_path / "x.onnx", channels_first_input=False, half=False)


def test_weights_in_bytes_take_half_the_room_of_half_precision_and_say_much_the_same(tmp_path: Path) -> None:
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(64, 3)(x))
    model = stirred(keras.Model(inputs, layers.Dense(1, name="face")(x)))
    seen, sizes = [], []
    for bytewise in (False, True):
        path = tmp_path / f"{bytewise}.onnx"
        export_onnx(model, path, channels_first_input=False, half=True, bytewise=bytewise)
        session = onnxruntime.InferenceSession(str(path))
        seen.append(session.run(["face"], {model.inputs[0].name: pictures(16, 40)})[0][:, 0])
        sizes.append(path.stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]
    assert np.abs(seen[0] - seen[1]).max() < 0.02 * np.abs(seen[0]).max()
