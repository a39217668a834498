"""The classifier's network, in Keras 3 for any of its backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from faceannot.records import EXPRESSIONS, GENDERS
from faceannot.training.quick_layers import Kit


def two_heads(
    side_px: int, *, widths: Sequence[int], blocks: Sequence[int], dropout: float, for_training: bool
) -> keras.Model:
    """A residual network with squeeze-and-excitation and two heads: gender and seven expressions.

    Input (n, side_px, side_px, 3), red-green-blue, 0..255. Outputs, in this order: `gender` (n, 2) and
    `expression` (n, 7) logits, float32, in the order of `GENDERS` and `EXPRESSIONS`. Blocks as in He et al. 2016,
    squeeze-and-excitation as in Hu et al. 2018. The form that is not for training has the same weights, and loads with
    Keras alone.
    """
    kit = Kit(for_training)
    inputs = keras.Input((side_px, side_px, 3), name="crops")
    x = residual_features(inputs, widths, blocks, kit)
    x = layers.Dropout(dropout, name="dropout")(x)
    gender = layers.Dense(len(GENDERS), dtype="float32", name="gender")(x)
    expression = layers.Dense(len(EXPRESSIONS), dtype="float32", name="expression")(x)
    return keras.Model(inputs, [gender, expression], name="two_heads")


def move_weights(trained: keras.Model, deeper: keras.Model) -> None:
    """Give `deeper`, which has the blocks of `trained` and perhaps more, the same outputs.

    A block that is new passes on what it gets: its last normalisation begins with a scale of 0 (Net2DeeperNet of Chen
    et al. 2016 by the start of Goyal et al. 2017).
    """
    known = {layer.name: layer for layer in trained.layers}
    for layer in deeper.layers:
        if layer.name in known:
            layer.set_weights(known[layer.name].get_weights())
        elif layer.name.endswith("_2_norm"):
            layer.gamma.assign(ops.zeros_like(layer.gamma))


def residual_features(inputs: Any, widths: Sequence[int], blocks: Sequence[int], kit: Kit) -> Any:
    """Features (n, last width) of pictures 0..255: a stage of residual blocks for each width, pooled."""
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(inputs)
    x = layers.ReLU(name="stem_relu")(_convolution(x, widths[0], 3, 2, "stem", kit))
    for stage, (width, depth) in enumerate(zip(widths, blocks, strict=True)):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            x = _residual(x, width, stride, f"stage{stage + 1}_block{block + 1}", kit)
    return layers.GlobalAveragePooling2D(name="pool")(x)


def _convolution(x: Any, width: int, kernel: int, stride: int, name: str, kit: Kit) -> Any:
    x = kit.convolution(
        width,
        kernel,
        strides=stride,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return kit.normalisation(f"{name}_norm")(x)


def _residual(x: Any, width: int, stride: int, name: str, kit: Kit) -> Any:
    shortcut = x
    if stride > 1:
        shortcut = layers.AveragePooling2D(stride, padding="same", name=f"{name}_shortcut_pool")(shortcut)
    if shortcut.shape[-1] != width:
        shortcut = _convolution(shortcut, width, 1, 1, f"{name}_shortcut", kit)
    x = layers.ReLU(name=f"{name}_relu1")(_convolution(x, width, 3, stride, f"{name}_1", kit))
    x = _convolution(x, width, 3, 1, f"{name}_2", kit)
    x = layers.Multiply(name=f"{name}_excited")([x, _excitation(x, width, name, kit)])
    return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([x, shortcut]))


def _excitation(x: Any, width: int, name: str, kit: Kit) -> Any:
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(x)
    gate = kit.convolution(max(1, width // 8), 1, activation="relu", name=f"{name}_excite1")(gate)
    return kit.convolution(width, 1, activation="sigmoid", name=f"{name}_excite2")(gate)
