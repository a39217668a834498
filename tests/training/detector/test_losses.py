"""The detector's loss."""

from __future__ import annotations

import keras
import numpy as np

from faceannot.training.detector.losses import detector_loss
from faceannot.training.detector.targets import BOX, COUNTS, POINTS, POINTS_KNOWN, POSITIVE, build
from tests.training.detector.test_targets import NONE, SIDE, points

FACE = np.array([60, 60, 100, 104], np.float32)


def right_answer(target: np.ndarray) -> np.ndarray:
    """Outputs (cells, 16) that say just what `target` asks for."""
    logits = np.where(target[:, POSITIVE : POSITIVE + 1] == 1, 9.0, -9.0)
    return np.concatenate([logits, logits, target[:, BOX], target[:, POINTS]], axis=1).astype(np.float32)


def loss(target: np.ndarray, output: np.ndarray) -> float:
    tensors = [keras.ops.convert_to_tensor(values[None]) for values in (target, output)]
    return float(keras.ops.convert_to_numpy(detector_loss(*tensors))[0])


def a_target() -> np.ndarray:
    return build(SIDE, FACE[None], points(FACE)[None], NONE)


def test_the_right_answer_costs_almost_nothing() -> None:
    assert loss(a_target(), right_answer(a_target())) < 0.01


def test_missing_inventing_misplacing_and_mispointing_all_cost() -> None:
    target, right = a_target(), right_answer(a_target())
    positive = target[:, POSITIVE] == 1
    missed, invented, misplaced, mispointed = (right.copy() for _ in range(4))
    missed[positive, :2] = -9
    invented[np.flatnonzero(~positive)[:3], :2] = 9
    misplaced[:, 2:4] += 1.5
    mispointed[:, 6:16] += 0.8
    for wrong in (missed, invented, misplaced, mispointed):
        assert loss(target, wrong) > 0.1


def test_what_does_not_count_and_what_is_not_known_costs_nothing() -> None:
    target = a_target()
    target[:, POINTS_KNOWN] = 0.0
    target[0, COUNTS] = 0.0
    output = right_answer(target)
    output[0, :2] = 9.0
    output[:, 6:16] += 5.0
    assert loss(target, output) < 0.01
