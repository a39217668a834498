"""Which boxes show the same thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceannot.detector import overlap

FloatArray = NDArray[np.float32]

SAME_FACE_IOU = 0.35


def largest_overlaps(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """Of each of `boxes` (n, 4) with any of `others` (m, 4): intersection over union (n,), 0 where there are none."""
    return np.array([overlap(box, others).max(initial=0.0) for box in boxes], np.float32)


def same_as_any(boxes: FloatArray, others: FloatArray) -> NDArray[np.bool_]:
    """Which of `boxes` (n, 4) show what one of `others` (m, 4) shows."""
    return largest_overlaps(boxes, others) > SAME_FACE_IOU
