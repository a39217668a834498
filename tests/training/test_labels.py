"""Labels as arrays, the classes that are made from them, and how classes of unlike size are made up for."""

from __future__ import annotations

import numpy as np
import pytest

from faceannot.datasets.example import one_hot
from faceannot.records import LABELS
from faceannot.training.balancing import balanced, class_weights
from faceannot.training.heads import target_weights, targets
from faceannot.training.labels import labels_of
from tests.training.conftest import example

FACES = [
    example("a", 0, gender="male", expression=one_hot("happy")),
    example("a", 1, gender="female", expression=one_hot("sad")),
    example("a", 2, gender="female"),
    example("a", 3, expression=one_hot("fear")),
    example("a", 4),
]


def test_gender_and_emotion_make_the_label() -> None:
    labels = labels_of(FACES)
    assert [LABELS[number] if number >= 0 else None for number in labels.label] == [
        "HappyMale",
        "SadFemale",
        *[None] * 3,
    ]


def test_an_expression_that_is_neither_happy_nor_sad_is_no_emotion() -> None:
    labels = labels_of(FACES)
    assert labels.known("emotion").tolist() == [True, True, False, False, False]
    assert labels.known("expression").tolist() == [True, True, False, True, False]
    assert labels.known("any").tolist() == [True, True, True, True, False]


def test_a_missing_label_counts_nothing() -> None:
    labels = labels_of(FACES)
    assert target_weights("multitask", labels, None)[0].tolist() == [1, 1, 1, 0, 0]
    assert target_weights("multitask", labels, None)[1].tolist() == [1, 1, 0, 1, 0]
    assert target_weights("label", labels, np.array([2.0, 0, 0, 3.0]))[0].tolist() == [2, 3, 0, 0, 0]


def test_targets_are_probabilities_of_the_outputs() -> None:
    labels = labels_of(FACES[:2])
    assert targets("gender", labels)[0].tolist() == [[0], [1]]
    assert targets("emotion", labels)[0].tolist() == [[1], [0]]
    assert targets("label", labels)[0].argmax(axis=1).tolist() == [0, 3]


def test_class_weights_even_out_the_classes_and_keep_the_sum() -> None:
    numbers = np.array([0] * 6 + [1] * 2 + [3] * 4)
    weights = class_weights(numbers, 4)
    assert [weights[number] * (numbers == number).sum() for number in (0, 1, 3)] == pytest.approx([4, 4, 4])
    assert weights[2] == 0


@pytest.mark.parametrize(("how", "size"), [("undersampling", 2), ("oversampling", 7)])
def test_balanced_classes_are_of_one_size(how: str, size: int) -> None:
    indices, numbers = np.arange(100, 112), np.array([0] * 7 + [1] * 2 + [2] * 3)
    chosen = balanced(indices, numbers, how, seed=1)  # type: ignore[arg-type]
    assert np.bincount(numbers[chosen - 100]).tolist() == [size] * 3
    assert np.array_equal(chosen, balanced(indices, numbers, how, seed=1))  # type: ignore[arg-type]


def test_oversampling_repeats_each_about_as_often() -> None:
    chosen = balanced(np.arange(10), np.array([0] * 7 + [1] * 3), "oversampling", seed=1)
    assert set(np.bincount(chosen)[7:]) <= {2, 3}
