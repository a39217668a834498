"""Finds training crops that show a face of a test part, also cropped, masked or compressed another way.

Cleaning leaves out files that are the same byte for byte; AffectNet and its kin hold many pictures twice that are not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceannot.training.fit import CropPool, FloatArray

# Of a prepared crop, rows and columns of eyes, nose and mouth: hair and background may be blacked out.
_INNER_ROWS, _INNER_COLUMNS = slice(36, 88), slice(32, 80)
_SIDE_PX = 16
# Of AffectNet's training faces nearly all that correlate 0.92 and more with a test face are the same picture, about a
# third of those at 0.9 are, and hardly any below 0.85.
ALIKE = 0.9
_AT_ONCE = 4096


def leaked(pool: CropPool) -> NDArray[np.bool_]:
    """Which crops (n,) outside the test parts look like one inside them.

    Faces are compared as 16 x 16 grey levels less those of the mean face, by correlation.
    """
    looks = _looks(pool)
    in_test = np.array([example.split == "test" for example in pool.examples])
    found = np.zeros(len(looks), bool)
    if in_test.any():
        tests, others = looks[in_test].T, np.flatnonzero(~in_test)
        for start in range(0, len(others), _AT_ONCE):
            chosen = others[start : start + _AT_ONCE]
            found[chosen] = (looks[chosen] @ tests).max(axis=1) >= ALIKE
    return found


def _looks(pool: CropPool) -> FloatArray:
    """(n, 256), each of length 1."""
    looks = np.empty((len(pool.examples), _SIDE_PX**2), np.float32)
    for index in range(len(looks)):
        inner = cv2.cvtColor(pool.crop(index)[_INNER_ROWS, _INNER_COLUMNS], cv2.COLOR_RGB2GRAY)
        looks[index] = cv2.resize(inner, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA).ravel()
    looks = _of_length_1(looks - looks.mean(axis=1, keepdims=True))
    return _of_length_1(looks - looks.mean(axis=0))


def _of_length_1(rows: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-6), dtype=np.float32)
