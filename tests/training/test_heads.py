"""Heads: what a model says at its end, as the bundle's logits."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from faceannot.classifier import softmax
from faceannot.records import EXPRESSIONS
from faceannot.training.backbones import build
from faceannot.training.heads import interface
from faceannot.training.recipe import HeadName, Network

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def says(head: HeadName) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a model with `head` says of some pictures, and genders and expressions as the bundle has them, 0..1."""
    keras.utils.set_random_seed(2)
    model = build(Network(widths=(4,), dense=4), 8, head, for_training=False)
    crops = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype(np.float32)
    gender, expression = interface(model, head).predict(crops, verbose=0)
    own = model.predict(crops, verbose=0)
    return own, softmax(gender.astype(np.float64), 1.0), softmax(expression.astype(np.float64), 1.0)


def test_four_classes_become_their_sums() -> None:
    own, gender, expression = says("label")
    assert np.allclose(gender[:, 1], own[:, 1] + own[:, 3], atol=1e-5)
    assert np.allclose(expression[:, HAPPY], own[:, 0] + own[:, 1], atol=1e-5)
    assert np.allclose(expression[:, SAD], own[:, 2] + own[:, 3], atol=1e-5)


@pytest.mark.parametrize(("head", "place"), [("gender", 1), ("emotion", HAPPY)])
def test_one_probability_stays_as_it_is(head: HeadName, place: int) -> None:
    own, gender, expression = says(head)
    assert np.allclose((gender if head == "gender" else expression)[:, place], own[:, 0], atol=1e-5)


def test_what_a_head_does_not_tell_apart_is_even() -> None:
    assert np.allclose(says("gender")[2], 1 / 7)
    assert np.allclose(says("emotion")[1], 1 / 2)
