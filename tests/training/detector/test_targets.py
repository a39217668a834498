"""Targets of the detector's cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceannot.detector import STRIDES, decode
from faceannot.training.detector.targets import BOX, COUNTS, POINTS, POINTS_KNOWN, POSITIVE, build

SIDE = 160
NONE = np.zeros((0, 4), np.float32)


def points(box: np.ndarray) -> np.ndarray:
    shares = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])
    return (box[:2] + shares * (box[2:] - box[:2])).astype(np.float32)


def as_outputs(target: np.ndarray) -> dict[str, np.ndarray]:
    """The network's outputs that would be just right."""
    outputs, start = {}, 0
    for stride in STRIDES:
        rows = target[start : start + (SIDE // stride) ** 2]
        start += len(rows)
        outputs |= {f"{part}_{stride}": rows[:, POSITIVE : POSITIVE + 1] for part in ("cls", "obj")}
        outputs |= {f"bbox_{stride}": rows[:, BOX], f"kps_{stride}": rows[:, POINTS]}
    return outputs


@settings(deadline=None, max_examples=60)
@given(size=st.floats(9, 150), x=st.floats(0, 1), y=st.floats(0, 1))
def test_every_cell_that_answers_for_a_face_decodes_to_it(size: float, x: float, y: float) -> None:
    left, top = x * (SIDE - size), y * (SIDE - size)
    box = np.array([left, top, left + size, top + size * 0.97], np.float32)
    found = decode(as_outputs(build(SIDE, box[None], points(box)[None], NONE)), (SIDE, SIDE), 0.5)
    assert len(found) >= 1
    assert np.allclose(found.boxes, box, atol=0.01)
    assert np.allclose(found.landmarks, points(box), atol=0.01)


@pytest.mark.parametrize(("size", "stride"), [(12, 8), (64, 16), (140, 32)])
def test_large_faces_belong_to_coarse_levels(size: int, stride: int) -> None:
    box = np.array([5, 5, 5 + size, 5 + size], np.float32)
    outputs = as_outputs(build(SIDE, box[None], points(box)[None], NONE))
    assert outputs[f"cls_{stride}"].any()
    assert not any(outputs[f"cls_{other}"].any() for other in STRIDES if other > 2 * stride)


def test_cells_in_ignored_boxes_and_in_faces_too_small_to_see_do_not_count() -> None:
    ignored = np.array([[80, 80, 120, 120]], np.float32)
    tiny = np.array([[20, 20, 26, 26]], np.float32)
    target = build(SIDE, tiny, points(tiny[0])[None], ignored)
    counts = target[: (SIDE // 8) ** 2, COUNTS].reshape(SIDE // 8, SIDE // 8)
    assert not counts[10:16, 10:16].any()
    assert counts[3, 3] == 0.0
    assert counts[0, 0] == 1.0
    assert not target[:, POSITIVE].any()


def test_a_face_whose_points_nobody_knows_has_a_box_alone() -> None:
    box = np.array([[40, 40, 80, 80]], np.float32)
    target = build(SIDE, box, np.full((1, 5, 2), np.nan, np.float32), NONE)
    positive = target[:, POSITIVE] == 1
    assert positive.any()
    assert not target[positive, POINTS_KNOWN].any()
    assert np.isfinite(target).all()
