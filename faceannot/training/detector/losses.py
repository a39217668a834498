"""The detector's loss: quality focal loss for scores, distance IoU for boxes, smooth L1 for points."""

from __future__ import annotations

from typing import Any

from keras import ops

from faceannot.training.detector.targets import BOX, COUNTS, PLACED, POINTS, POINTS_KNOWN, POSITIVE, SCORE

BOX_WEIGHT, POINTS_WEIGHT = 2.0, 1.0


def detector_loss(target: Any, predicted: Any) -> Any:
    """Loss of a batch, a scalar for each picture (n,), from targets (n, cells, 19) and outputs (n, cells, 16)."""
    positive, counts, placed = target[..., POSITIVE], target[..., COUNTS], target[..., PLACED]
    # A batch without faces must not divide by 0, one with few must not shout.
    faces = ops.maximum(ops.mean(ops.sum(placed, axis=-1)), 4.0)
    iou, distance_iou = _overlaps(target[..., BOX], predicted[..., 2:6])
    reached = ops.stop_gradient(ops.clip(iou, 0.0, 1.0)) * positive
    quality = ops.where(target[..., SCORE] < 0, reached, target[..., SCORE])
    scores = _focal(predicted[..., 0], quality) + _focal(predicted[..., 1], positive)
    points = _points(target, predicted[..., 6:16])
    per_cell = scores * counts + BOX_WEIGHT * (1 - distance_iou) * placed + POINTS_WEIGHT * points
    return ops.sum(per_cell, axis=-1) / faces


def _focal(logits: Any, target: Any) -> Any:
    """Quality focal loss (Li et al. 2020), beta 2."""
    entropy = ops.maximum(logits, 0.0) - logits * target + ops.log1p(ops.exp(-ops.abs(logits)))
    return ops.square(ops.stop_gradient(ops.sigmoid(logits)) - target) * entropy


def _overlaps(target: Any, predicted: Any) -> tuple[Any, Any]:
    """IoU and distance IoU (Zheng et al. 2020) of boxes as centre and log size, in cells."""
    size_t = ops.exp(target[..., 2:])
    size_p = ops.exp(ops.clip(predicted[..., 2:], -4.0, 6.0))
    low_t, high_t = target[..., :2] - size_t / 2, target[..., :2] + size_t / 2
    low_p, high_p = predicted[..., :2] - size_p / 2, predicted[..., :2] + size_p / 2
    shared = ops.prod(ops.maximum(ops.minimum(high_t, high_p) - ops.maximum(low_t, low_p), 0.0), axis=-1)
    iou = shared / (ops.prod(size_t, axis=-1) + ops.prod(size_p, axis=-1) - shared + 1e-6)
    diagonal = ops.sum(ops.square(ops.maximum(high_t, high_p) - ops.minimum(low_t, low_p)), axis=-1)
    apart = ops.sum(ops.square(target[..., :2] - predicted[..., :2]), axis=-1)
    return iou, iou - apart / (diagonal + 1e-6)


def _points(target: Any, predicted: Any) -> Any:
    """Smooth L1 in shares of the face's size; ten times, to weigh like the box."""
    size = ops.exp(ops.mean(target[..., BOX][..., 2:], axis=-1, keepdims=True))
    error = ops.abs(predicted - target[..., POINTS]) / size
    knee = 0.03
    smooth = ops.where(error < knee, ops.square(error) / (2 * knee), error - knee / 2)
    return ops.mean(smooth, axis=-1) * target[..., POINTS_KNOWN] * target[..., PLACED] * 10.0
