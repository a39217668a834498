"""What a model says at its end: outputs, targets and losses of each head, and the bundle's interface made of them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from faceannot.records import EXPRESSIONS, GENDERS, LABELS
from faceannot.training.labels import IntArray, Labels
from faceannot.training.recipe import HeadName

FloatArray = NDArray[np.float32]
CLASSES: dict[HeadName, tuple[str, ...]] = {"gender": GENDERS, "emotion": ("sad", "happy"), "label": LABELS}
# Below every logarithm of a probability that is kept, so that such an expression is never the likeliest.
NEVER = -30.0
_SMALLEST = 1e-7


def needed_label(head: HeadName) -> Any:
    """What an example has to have for `head`."""
    return "any" if head == "multitask" else head


def head_outputs(head: HeadName, features: Any) -> list[Any]:
    """The output tensors: P(female), P(happy), P of each of `LABELS`, or the logits of both heads."""
    options: dict[str, Any] = {"dtype": "float32"}
    if head == "gender":
        return [layers.Dense(1, activation="sigmoid", name="female", **options)(features)]
    if head == "emotion":
        return [layers.Dense(1, activation="sigmoid", name="happy", **options)(features)]
    if head == "label":
        return [layers.Dense(len(LABELS), activation="softmax", name="label", **options)(features)]
    sizes = {"gender": len(GENDERS), "expression": len(EXPRESSIONS)}
    return [layers.Dense(size, name=name, **options)(features) for name, size in sizes.items()]


def class_numbers(head: HeadName, labels: Labels) -> IntArray:
    """(n,) places in `CLASSES[head]`, -1 where the label is missing."""
    return {"gender": labels.gender, "emotion": labels.emotion, "label": labels.label}[head]


def targets(head: HeadName, labels: Labels) -> tuple[FloatArray, ...]:
    """For each output what it should say."""
    if head == "multitask":
        return _shares(labels.gender, len(GENDERS)), labels.expression
    if head == "label":
        return (_shares(labels.label, len(LABELS)),)
    return (class_numbers(head, labels).astype(np.float32)[:, None],)


def target_weights(head: HeadName, labels: Labels, class_weights: NDArray[np.float64] | None) -> tuple[FloatArray, ...]:
    """For each output (n,) what an example counts: 0 where the label is missing, else its class's weight or 1."""
    if head == "multitask":
        return labels.known("gender").astype(np.float32), labels.known("expression").astype(np.float32)
    numbers = class_numbers(head, labels)
    weights = np.ones(len(CLASSES[head])) if class_weights is None else class_weights
    return (np.where(numbers < 0, 0.0, weights[numbers]).astype(np.float32),)


def compiled(head: HeadName, label_smoothing: float) -> dict[str, Any]:
    """Losses and metrics for `Model.compile`."""
    if head in ("gender", "emotion"):
        return {"loss": [keras.losses.BinaryCrossentropy()], "weighted_metrics": [[_accuracy("binary")]]}
    if head == "label":
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=label_smoothing)
        return {"loss": [loss], "weighted_metrics": [[_accuracy("categorical")]]}
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)
    return {"loss": [loss, loss], "weighted_metrics": [[_accuracy("categorical")], [_accuracy("categorical")]]}


def _accuracy(kind: str) -> Any:
    made = keras.metrics.BinaryAccuracy if kind == "binary" else keras.metrics.CategoricalAccuracy
    return made(name="accuracy")


def _shares(numbers: IntArray, count: int) -> FloatArray:
    """One 1 a row; where the number is -1, evenly spread."""
    shares = np.eye(count, dtype=np.float32)[np.maximum(numbers, 0)]
    shares[numbers < 0] = 1 / count
    return shares


def interface(model: keras.Model, head: HeadName) -> keras.Model:
    """`model` with the bundle's outputs on it: logits `gender` (n, 2) and `expression` (n, 7).

    Logits are logarithms of probabilities. What the head does not tell apart gets equal logits; a head that knows
    happy and sad alone never says another expression.
    """
    if head == "multitask":
        return model
    p = model.outputs[0]
    # Rows: what the output says; columns: male, female, and happy, sad.
    to_gender, to_emotion = {
        "gender": (_complement(first=False), None),
        "emotion": (None, _complement(first=True)),
        "label": (
            (np.array([[1, 0], [0, 1], [1, 0], [0, 1]]), np.zeros(2)),
            (np.array([[1, 0], [1, 0], [0, 1], [0, 1]]), np.zeros(2)),
        ),
    }[head]
    spread, never = np.zeros((2, len(EXPRESSIONS))), np.full(len(EXPRESSIONS), NEVER)
    for row, name in enumerate(("happy", "sad")):
        spread[row, EXPRESSIONS.index(name)], never[EXPRESSIONS.index(name)] = 1.0, 0.0
    gender = (
        _fixed(_log(p, to_gender, "genders"), np.eye(2), np.zeros(2), "gender") if to_gender else _even(p, "gender")
    )
    if to_emotion is None:
        return keras.Model(model.inputs, [gender, _even(p, "expression")], name=model.name)
    expression = _fixed(_log(p, to_emotion, "emotions"), spread, never, "expression")
    return keras.Model(model.inputs, [gender, expression], name=model.name)


def _complement(*, first: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """From one probability to itself and its complement, `first` or second."""
    kernel, bias = np.array([[-1.0, 1.0]]), np.array([1.0, 0.0])
    return (kernel[:, ::-1], bias[::-1]) if first else (kernel, bias)


def _even(p: Any, name: str) -> Any:
    size = len(GENDERS) if name == "gender" else len(EXPRESSIONS)
    return _fixed(p, np.zeros((p.shape[-1], size)), np.zeros(size), name)


def _log(p: Any, linear: tuple[NDArray[Any], NDArray[Any]], name: str) -> Any:
    return ops.log(ops.clip(_fixed(p, *linear, name), _SMALLEST, 1.0))


def _fixed(x: Any, kernel: NDArray[Any], bias: NDArray[Any], name: str) -> Any:
    """A linear layer with these weights."""
    layer = layers.Dense(kernel.shape[1], dtype="float32", trainable=False, name=name)
    layer.build(x.shape)
    layer.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    return layer(x)
