"""The networks that a recipe can name, each with its preprocessing inside: pictures 0..255 in, features out."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from faceannot.errors import FaceannotError, UsageError
from faceannot.training.heads import head_outputs
from faceannot.training.networks import residual_features
from faceannot.training.quick_layers import Kit
from faceannot.training.recipe import HeadName, Network

# The smallest pictures that keras.applications takes; below, nothing is left to pool.
_SMALLEST_PX = {"InceptionV3": 75}
_SMALLEST_OTHER_PX = 32
# Means of ImageNet's blue, green and red: what VGG16 and ResNet50 were trained without (Simonyan and Zisserman 2015).
_BGR_MEANS = (103.939, 116.779, 123.68)


def build(network: Network, side_px: int, head: HeadName, *, for_training: bool) -> keras.Model:
    """The network with `head` on it; input `crops` (n, side_px, side_px, 3), red-green-blue, 0..255.

    The form that is not for training has the same weights in the same order, and loads with Keras alone. Raises
    `UsageError` for pictures that are too small and `FaceannotError` where ImageNet weights cannot be had.
    """
    kit = Kit(for_training)
    inputs = keras.Input((side_px, side_px, 3), name="crops")
    x = _features(network, inputs, side_px, kit)
    if network.dense:
        x = layers.Dense(network.dense, activation="relu", name="dense")(x)
    if network.dropout:
        x = layers.Dropout(network.dropout, name="dropout")(x)
    return keras.Model(inputs, head_outputs(head, x), name=network.backbone.replace("-", "_"))


def copy_backbone(source: keras.Model, target: keras.Model, *, frozen: bool) -> None:
    """Give `target` all weights of `source` but the head's; `frozen` keeps them as they are in training."""
    for mine, theirs in zip(_body(target), _body(source), strict=True):
        mine.set_weights(theirs.get_weights())
        _settle(mine)
        mine.trainable = not frozen


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give `target`, a network of the same shape, all weights of `source`."""
    target.set_weights(source.get_weights())
    for layer in target.layers:
        _settle(layer)


def _settle(layer: Any) -> None:
    """Let a layer that computes with what it made of its weights make it anew."""
    if isinstance(layer, layers.Normalization):
        layer.finalize_state()


def _body(model: keras.Model) -> list[Any]:
    heads = {tensor._keras_history.operation.name for tensor in model.outputs}
    return [layer for layer in model.layers if layer.weights and layer.name not in heads]


def _features(network: Network, inputs: Any, side_px: int, kit: Kit) -> Any:
    if network.backbone in ("small-cnn", "residual") and network.weights != "none":
        raise UsageError(f"network.weights: {network.backbone} has no {network.weights} weights; use none")
    if network.backbone == "small-cnn":
        return _small_cnn(inputs, network, side_px, kit)
    if network.backbone == "residual":
        return residual_features(inputs, network.widths, network.blocks, kit)
    return _application(network, inputs, side_px)


def _small_cnn(inputs: Any, network: Network, side_px: int, kit: Kit) -> Any:
    """A convolution and a pooling layer for each width, then all positions side by side."""
    if side_px < 2 ** len(network.widths):
        raise UsageError(f"pictures.side_px: {side_px} is too small to be halved {len(network.widths)} times")
    x = layers.Rescaling(1 / 255, name="scale")(inputs)
    for number, width in enumerate(network.widths, start=1):
        x = kit.convolution(width, 3, activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    return layers.Flatten(name="flatten")(x)


def _application(network: Network, inputs: Any, side_px: int) -> Any:
    name = network.backbone
    smallest = _SMALLEST_PX.get(name, _SMALLEST_OTHER_PX)
    if side_px < smallest:
        raise UsageError(f"pictures.side_px: {name} needs at least {smallest}, found {side_px}")
    body = _constructed(name, None, input_tensor=_preprocessed(name, inputs))
    if network.weights != "none":
        _copy_named(_downloaded(name, network.weights, side_px), body)
    return layers.GlobalAveragePooling2D(name="pool")(body.output)


def _constructed(name: str, weights: str | None, **options: Any) -> keras.Model:
    return getattr(keras.applications, name)(include_top=False, weights=weights, **options)


def _downloaded(name: str, weights: str, side_px: int) -> keras.Model:
    try:
        return _constructed(name, weights, input_shape=(side_px, side_px, 3))
    # Keras raises a bare Exception for a failed download, and the system's own errors for a cache it cannot write.
    except Exception as error:
        raise FaceannotError(
            f"the {weights} weights of {name} cannot be downloaded ({error}); put them into ~/.keras/models, "
            'or train without: --set network.weights="none"'
        ) from error


def _copy_named(source: keras.Model, target: keras.Model) -> None:
    """Weights by order: names that Keras numbers differ from one network to the next."""
    theirs = [layer for layer in source.layers if layer.weights]
    mine = [layer for layer in target.layers if layer.weights and layer.name != "colours"]
    for one, other in zip(mine, theirs, strict=True):
        one.set_weights(other.get_weights())
        _settle(one)


def _preprocessed(name: str, inputs: Any) -> Any:
    """What the network was made for; MobileNetV3 and EfficientNet do it themselves."""
    if name in ("VGG16", "ResNet50"):
        return _to_bgr()(inputs)
    if name == "InceptionV3":
        return layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(inputs)
    return inputs


def _to_bgr() -> Any:
    """Blue-green-red without ImageNet's means, as a convolution, so that no layer of our own is in the file."""
    swapped = np.fliplr(np.eye(3, dtype=np.float32)).reshape(1, 1, 3, 3)
    layer = layers.Conv2D(3, 1, trainable=False, dtype="float32", name="colours")
    layer.build((None, None, None, 3))
    layer.set_weights([swapped, -np.array(_BGR_MEANS, np.float32)])
    return layer
