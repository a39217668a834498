"""The detector's network: a small separable feature pyramid with YuNet's outputs (Wu et al. 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from faceannot.detector import STRIDES
from faceannot.training.quick_layers import Kit

# Values a cell, in this order, and the bias that makes a fresh network say "no face" (Lin et al. 2017).
PARTS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
NO_FACE_BIAS = -4.0


def detector_network(widths: Sequence[int], depths: Sequence[int], *, for_training: bool) -> keras.Model:
    """Input (n, height, width, 3) blue-green-red, 0..255, sides divisible by 32.

    `widths`: channels of the stem, of stride 4 and of everything from stride 8 up. `depths`: residual blocks at
    strides 4, 8, 16 and 32. For training the output is one array (n, cells, 16) of logits, offsets and points, in
    the order of `PARTS`, strides 8, 16 and 32 after each other; else there are the twelve outputs of YuNet's
    interface, `cls_8` to `kps_32`, with `cls` and `obj` as 0..1, and the model loads with Keras alone.
    """
    kit = Kit(for_training)
    inputs = keras.Input((None, None, 3), name="input")
    levels = _pyramid(_backbone(inputs, widths, depths, kit), widths[2], kit)
    heads = {
        f"{part}_{stride}": _head(level, part, stride, kit)
        for stride, level in zip(STRIDES, _towers(levels, widths[2], kit), strict=True)
        for part in PARTS
    }
    if for_training:
        rows = [layers.Concatenate(name=f"cells_{s}")([heads[f"{part}_{s}"] for part in PARTS]) for s in STRIDES]
        return keras.Model(inputs, layers.Concatenate(axis=1, dtype="float32", name="cells")(rows))
    outputs = [
        layers.Activation("sigmoid", name=f"{part}_{s}")(heads[f"{part}_{s}"]) if size == 1 else heads[f"{part}_{s}"]
        for part, size in PARTS.items()
        for s in STRIDES
    ]
    return keras.Model(inputs, outputs)


def _backbone(inputs: Any, widths: Sequence[int], depths: Sequence[int], kit: Kit) -> list[Any]:
    stem, early, width = widths
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(inputs)
    x = kit.convolution(stem, 3, strides=2, use_bias=False, name="stem_conv")(x)
    x = layers.ReLU(name="stem_relu")(kit.normalisation("stem_norm")(x))
    features = []
    for stage, (depth, channels) in enumerate(zip(depths, (early, width, width, width), strict=True)):
        x = _separable(x, channels, 2, f"stage{stage}_down", kit)
        for block in range(depth):
            branch = _separable(x, channels, 1, f"stage{stage}_block{block}", kit)
            x = layers.Add(name=f"stage{stage}_add{block}")([x, branch])
        features.append(x)
    return features[1:]


def _separable(x: Any, width: int, stride: int, name: str, kit: Kit) -> Any:
    x = kit.depthwise(3, strides=stride, use_bias=False, name=f"{name}_depthwise")(x)
    x = kit.normalisation(f"{name}_norm1")(x)
    x = kit.convolution(width, 1, use_bias=False, kernel_initializer="he_normal", name=f"{name}_pointwise")(x)
    x = kit.normalisation(f"{name}_norm2")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _pyramid(features: Sequence[Any], width: int, kit: Kit) -> list[Any]:
    """Top-down: what the coarse levels know, added to the fine ones."""
    levels = [_separable(features[-1], width, 1, "pyramid_32", kit)]
    for stride, feature in zip((16, 8), reversed(features[:-1]), strict=True):
        above = layers.UpSampling2D(2, name=f"pyramid_{stride}_up")(levels[0])
        added = layers.Add(name=f"pyramid_{stride}_add")([feature, above])
        levels.insert(0, _separable(added, width, 1, f"pyramid_{stride}", kit))
    return levels


def _towers(levels: Sequence[Any], width: int, kit: Kit) -> list[Any]:
    return [_separable(level, width, 1, f"tower_{stride}", kit) for stride, level in zip(STRIDES, levels, strict=True)]


def _head(x: Any, part: str, stride: int, kit: Kit) -> Any:
    size = PARTS[part]
    bias = keras.initializers.Constant(NO_FACE_BIAS) if size == 1 else "zeros"
    x = kit.convolution(size, 1, bias_initializer=bias, name=f"{part}_{stride}_conv")(x)
    name = f"{part}_{stride}_cells" if size == 1 else f"{part}_{stride}"
    return layers.Reshape((-1, size), dtype="float32", name=name)(x)
