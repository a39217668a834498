"""What each cell of the detector should say about a canvas: which face it answers for, and where that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceannot.detector import STRIDES

FloatArray = NDArray[np.float32]

# Columns of a cell's target: how much it answers for a face (0..1); whether that counts for the loss; box (4);
# points (10); whether the points are known; the face score (0..1), or less than 0 for the overlap that the box reaches;
# whether the box is learned.
POSITIVE, COUNTS, BOX, POINTS, POINTS_KNOWN, SCORE, PLACED = 0, 1, slice(2, 6), slice(6, 16), 16, 17, 18
COLUMNS = 19
# A level answers for faces of 2 to 6 of its cells, the last for all that are larger; neighbours share the border.
SMALLEST_CELLS, LARGEST_CELLS = 2.0, 6.0
# Cells within this share of a face from its middle answer for it, and those within this part of a cell, so that
# the smallest faces have one.
NEAR_SHARE, NEAREST_CELLS = 0.22, 0.75
SMALLEST_PX = 8.0


def build(side_px: int, boxes: FloatArray, landmarks: FloatArray, ignored: FloatArray) -> FloatArray:
    """Targets (cells, 19) for a square canvas, strides 8, 16, 32 after each other.

    `boxes` (n, 4), `landmarks` (n, 5, 2) with NaN where unknown, `ignored` (m, 4), all in pixels. Boxes and points
    are encoded as in `faceannot.detector.decode`.
    """
    sizes = np.sqrt(np.maximum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), 1e-6))
    large = sizes >= SMALLEST_PX
    ignored = np.concatenate([ignored, boxes[~large]])
    return np.concatenate(
        [_level(side_px, stride, boxes[large], landmarks[large], sizes[large], ignored) for stride in STRIDES]
    )


def cell_corners(side_px: int, stride: int) -> FloatArray:
    """The upper left corner (cells, 2), x and y in pixels, of each cell of a level, row by row."""
    count = side_px // stride
    cells = np.arange(count * count)
    return np.stack([cells % count, cells // count], axis=1).astype(np.float32) * stride


def _level(
    side_px: int, stride: int, boxes: FloatArray, landmarks: FloatArray, sizes: FloatArray, ignored: FloatArray
) -> FloatArray:
    corners = cell_corners(side_px, stride)
    target = np.zeros((len(corners), COLUMNS), np.float32)
    target[:, COUNTS] = ~inside(corners, ignored)
    smallest = 0.0 if stride == STRIDES[0] else SMALLEST_CELLS * stride
    largest = np.inf if stride == STRIDES[-1] else LARGEST_CELLS * stride
    mine = np.flatnonzero((sizes >= smallest) & (sizes <= largest))
    if not len(mine):
        return target
    centres = (boxes[mine, :2] + boxes[mine, 2:]) / 2
    away = np.abs(corners[:, None] - centres).max(axis=2)
    reach = np.maximum(sizes[mine] * NEAR_SHARE, NEAREST_CELLS * stride)
    relative = np.where(away <= reach, away / sizes[mine], np.inf)
    face = mine[relative.argmin(axis=1)]
    chosen = np.flatnonzero(np.isfinite(relative.min(axis=1)))
    target[chosen] = _encoded(corners[chosen], stride, boxes[face[chosen]], landmarks[face[chosen]])
    return target


def _encoded(corners: FloatArray, stride: int, boxes: FloatArray, landmarks: FloatArray) -> FloatArray:
    target = np.ones((len(corners), COLUMNS), np.float32)
    centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    target[:, BOX] = np.concatenate([(centres - corners) / stride, np.log(sides / stride)], axis=1)
    points = ((landmarks - corners[:, None]) / stride).reshape(-1, 10)
    known = np.asarray(np.all(np.isfinite(points), axis=1))
    target[:, POINTS] = np.where(known[:, None], points, 0.0)
    target[:, POINTS_KNOWN] = known
    target[:, SCORE] = -1.0
    return target


def inside(points: FloatArray, boxes: FloatArray) -> NDArray[np.bool_]:
    """Which of `points` (n, 2) lie in any of `boxes` (m, 4)."""
    within = (points[:, None] >= boxes[:, :2]) & (points[:, None] <= boxes[:, 2:])
    return np.asarray(np.any(np.all(within, axis=2), axis=1))
