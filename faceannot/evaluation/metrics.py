"""The figures themselves: pure functions from arrays to numbers.

Counts are confusion matrices (..., k, k + 1): a row for each true class, a column for each class that was said, and a
last column for faces that were lost. Leading axes are those of a bootstrap. A figure without a base is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LOST = -1
BINS = 15


@dataclass(frozen=True, slots=True)
class Bin:
    """Faces of like confidence: the mean of what was claimed, and the share that was right, both 0..1."""

    confidence: float
    accuracy: float
    faces: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left above a threshold: its share of all faces, and the share of it that is right, both 0..1."""

    threshold: float
    coverage: float
    accuracy: float


def confusion(truth: IntArray, said: IntArray, classes: int) -> IntArray:
    """Counts (classes, classes + 1) of `truth` (n,), 0..classes-1, and `said` (n,), the same or `LOST`."""
    columns = np.where(said == LOST, classes, said)
    flat = np.bincount(truth * (classes + 1) + columns, minlength=classes * (classes + 1))
    return flat.reshape(classes, classes + 1)


def accuracy(counts: IntArray) -> FloatArray:
    """Share of all faces that are right."""
    return _ratio(_right(counts).sum(axis=-1), counts.sum(axis=(-1, -2)))


def recall(counts: IntArray) -> FloatArray:
    """Share of each class's faces that are right (..., k)."""
    return _ratio(_right(counts), counts.sum(axis=-1))


def precision(counts: IntArray) -> FloatArray:
    """Share of the faces that were said to be of each class and are (..., k)."""
    return _ratio(_right(counts), counts[..., :-1].sum(axis=-2))


def f1(counts: IntArray) -> FloatArray:
    """Harmonic mean of precision and recall of each class (..., k)."""
    return _ratio(2 * _right(counts), counts.sum(axis=-1) + counts[..., :-1].sum(axis=-2))


def macro(per_class: FloatArray, counts: IntArray) -> FloatArray:
    """Mean of a figure (..., k) over the classes that occur; a class that was never said has the figure 0."""
    occurs = counts.sum(axis=-1) > 0
    return _ratio(np.where(occurs, np.nan_to_num(per_class), 0.0).sum(axis=-1), occurs.sum(axis=-1))


def balanced_accuracy(counts: IntArray) -> FloatArray:
    """Mean of the classes' recalls."""
    return macro(recall(counts), counts)


def placements(scores: FloatArray, positive: BoolArray) -> FloatArray:
    """For each positive face the share of negative ones that it scores above, for each negative one the share of
    positive ones that score above it, ties counting half (n); NaN without a face on the other side (Hanley 1997).
    """
    result = np.full(len(scores), np.nan)
    for side, sign in ((positive, 1.0), (~positive, -1.0)):
        others = np.sort(sign * scores[~side])
        if len(others):
            below = np.searchsorted(others, sign * scores[side], "left")
            result[side] = (below + np.searchsorted(others, sign * scores[side], "right")) / (2 * len(others))
    return result


def auc(scores: FloatArray, positive: BoolArray) -> float:
    """Area under the ROC curve: how often a positive face scores above a negative one, ties counting half."""
    return float(placements(scores, positive)[positive].mean()) if positive.any() else float("nan")


def auc_influence(scores: FloatArray, positive: BoolArray) -> FloatArray:
    """How far each face pulls the area up or down (n): its mean is 0, and its mean square over n is the variance."""
    share = np.where(positive, positive.mean(), 1 - positive.mean())
    return np.asarray((placements(scores, positive) - auc(scores, positive)) / share)


def ranked(scores: FloatArray, positive: BoolArray, lost: BoolArray) -> FloatArray:
    """`scores` with each lost face where it harms the ROC curve most: a lost face is an error."""
    return np.where(lost, np.where(positive, -np.inf, np.inf), scores)


def reliability(confidence: FloatArray, right: BoolArray, bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equally many faces, by rising confidence (Nguyen & O'Connor 2015)."""
    order = np.argsort(confidence, kind="stable")
    claimed, true = confidence[order], right[order]
    return tuple(
        Bin(float(claimed[start:end].mean()), float(true[start:end].mean()), end - start)
        for start, end in _equal_mass(len(order), bins)
    )


def ece(confidence: FloatArray, right: BoolArray, bins: int = BINS) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over bins of equally many faces."""
    if not len(confidence):
        return float("nan")
    return float(resampled_ece(confidence, right, np.ones((1, len(confidence))), bins)[0])


def resampled_ece(confidence: FloatArray, right: BoolArray, weights: FloatArray, bins: int = BINS) -> FloatArray:
    """The same for each row of `weights` (repeats, n): how often each face counts, by rising confidence.

    The bins stay those of the faces as they are.
    """
    order = np.argsort(confidence, kind="stable")
    gaps = (confidence - right)[order]
    total = np.zeros(len(weights))
    for start, end in _equal_mass(len(order), bins):
        total += np.abs(weights[:, start:end] @ gaps[start:end])
    return np.asarray(total / weights.sum(axis=1))


def coverage(confidence: FloatArray, right: BoolArray, faces: int, points: int = 101) -> tuple[Kept, ...]:
    """Accuracy of the most confident part against its share of `faces`, from few to all (El-Yaniv & Wiener 2010).

    `faces`: all that were judged; those beyond `len(confidence)` were lost and are never covered.
    """
    order = np.argsort(-confidence, kind="stable")
    rights = np.cumsum(right[order])
    sizes = np.unique(np.linspace(1, len(order), min(points, len(order))).round().astype(int)) if len(order) else ()
    return tuple(
        Kept(float(confidence[order[size - 1]]), size / faces, float(rights[size - 1]) / size) for size in sizes
    )


def _equal_mass(faces: int, bins: int) -> list[tuple[int, int]]:
    """Start and end of each of at most `bins` runs of equally many faces."""
    edges = np.linspace(0, faces, min(bins, faces) + 1).round().astype(int).tolist()
    return list(pairwise(edges))


def _right(counts: IntArray) -> IntArray:
    return np.asarray(np.diagonal(counts[..., :-1], axis1=-2, axis2=-1))


def _ratio(above: NDArray[np.generic], below: NDArray[np.generic]) -> FloatArray:
    top, bottom = np.asarray(above, np.float64), np.asarray(below, np.float64)
    nothing = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    return np.asarray(np.divide(top, bottom, out=nothing, where=bottom != 0))
