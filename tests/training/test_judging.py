"""Right and wrong by what people said, women and men apart."""

from __future__ import annotations

import numpy as np
import pytest

from faceannot.datasets.example import one_hot
from faceannot.records import EXPRESSIONS
from faceannot.training.judging import judge
from tests.training.conftest import example

FACES = [
    example("a", 0, gender="male", expression=one_hot("happy")),
    example("a", 1, gender="female", expression=one_hot("sad")),
    example("a", 2, gender="female", expression=one_hot("happy")),
    example("a", 3, gender="male"),
    example("a", 4, expression=one_hot("fear")),
]
SAYS_MALE, SAYS_FEMALE = (1.0, 0.0), (0.0, 1.0)


def shows(name: str) -> list[float]:
    return [float(name == expression) for expression in EXPRESSIONS]


GENDER = np.array([SAYS_MALE, SAYS_FEMALE, SAYS_MALE, SAYS_MALE, SAYS_MALE])
EXPRESSION = np.array([shows(name) for name in ("happy", "happy", "happy", "sad", "sad")])


def test_only_faces_with_a_label_are_judged() -> None:
    sizes = {one.kind: len(one.truth) for one in judge(FACES, GENDER, EXPRESSION, "multitask")}
    assert sizes == {"gender": 4, "expression": 4, "emotion": 3, "label": 3}


def test_women_and_men_are_told_apart() -> None:
    gender, *_, label = judge(FACES, GENDER, EXPRESSION, "multitask")
    assert gender.figures()["accuracy_by_gender"] == {"women": 0.5, "men": 1.0}
    assert label.figures()["accuracy"] == pytest.approx(1 / 3, abs=1e-4)
    assert label.figures()["accuracy_by_gender"] == {"women": 0.0, "men": 1.0}


def test_the_confusion_has_peoples_class_by_row() -> None:
    (emotion,) = judge(FACES, GENDER, EXPRESSION, "emotion")
    assert emotion.confusion.tolist() == [[0, 1], [0, 2]]
    assert emotion.figures()["recall"] == {"sad": 0.0, "happy": 1.0}
    assert emotion.figures()["balanced_accuracy"] == 0.5
