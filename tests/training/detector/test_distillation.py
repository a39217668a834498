"""Targets from a teacher and labels together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from faceannot.detector import STRIDES
from faceannot.training.detector.distillation import Teacher
from faceannot.training.detector.mosaics import Canvas
from faceannot.training.detector.targets import PLACED, POSITIVE, SCORE, cell_corners
from tests import fakes
from tests.training.detector.test_targets import points

SIDE = 160
FACE = np.array([64, 32, 96, 64], np.float32)
NONE = np.zeros((0, 4), np.float32)


@pytest.fixture
def teacher(tmp_path: Path) -> Teacher:
    """Sees a face in each red cell of 32 pixels."""
    onnx.save(fakes.detector(), tmp_path / "teacher.onnx")
    return Teacher(tmp_path / "teacher.onnx")


def canvas(*boxes: np.ndarray, ignored: np.ndarray = NONE) -> Canvas:
    rgb = fakes.photo((2, 1, fakes.SAD_MALE), width=SIDE, height=SIDE)
    listed = np.stack(boxes) if boxes else NONE
    landmarks = np.stack([points(box) for box in boxes]) if boxes else np.zeros((0, 5, 2), np.float32)
    return Canvas(rgb, listed, landmarks, ignored)


def cell(target: np.ndarray, column: int, row: int, stride: int = 32) -> np.ndarray:
    corners = np.concatenate([cell_corners(SIDE, one) for one in STRIDES])
    start = sum((SIDE // one) ** 2 for one in STRIDES if one < stride)
    index = start + row * (SIDE // stride) + column
    assert corners[index].tolist() == [column * stride, row * stride]
    return target[index]


def test_a_labelled_face_keeps_the_teachers_score_and_place(teacher: Teacher) -> None:
    learned = cell(teacher.targets(canvas(FACE)), 2, 1)
    assert learned[POSITIVE] > 0.9
    assert learned[SCORE] > 0.9
    assert learned[PLACED] == 1.0


def test_what_the_teacher_invents_is_no_face_unless_a_label_doubts(teacher: Teacher) -> None:
    invented = cell(teacher.targets(canvas()), 2, 1)
    assert invented[POSITIVE] == invented[SCORE] == invented[PLACED] == 0.0
    assert cell(teacher.targets(canvas(ignored=FACE[None])), 2, 1)[POSITIVE] > 0.9


def test_a_labelled_face_that_the_teacher_does_not_see_is_learned_from_the_label(teacher: Teacher) -> None:
    missed = np.array([16, 112, 40, 136], np.float32)
    target = teacher.targets(canvas(FACE, missed))
    chosen = target[(target[:, PLACED] == 1) & (target[:, SCORE] < 0)]
    assert len(chosen) >= 1
    assert (chosen[:, POSITIVE] == 1).all()
