"""Puts a part of a picture before a face, as hands, heads and hats come before faces."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.cropping import MARGIN

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]
Random = np.random.Generator

# Height and width of a part, and how far its middle is from that of the crop, as shares of what is seen of the crop.
SIZES, AWAY = (0.15, 0.5), (0.2, 0.5)
# The same for what comes before a labelled face, as shares of its size: more than half of the face stays to be seen.
OVER, BESIDE = (0.3, 0.8), (0.35, 0.65)
# The other parts have corners.
ROUND = 0.7


def behind(crop: RgbArray, other: RgbArray, random: Random) -> RgbArray:
    """`crop` with a random part of `other` before it, both (side, side, 3) RGB; never before all of its middle."""
    side_px = crop.shape[0]
    seen_px = side_px / MARGIN
    height, width = np.maximum(2, random.uniform(*SIZES, 2) * seen_px).astype(int)
    top, left = random.integers(0, side_px - height), random.integers(0, side_px - width)
    part = other[top : top + height, left : left + width]
    middle = np.array([side_px, side_px]) / 2 + _away(AWAY, random) * seen_px
    made = crop.copy()
    _lay(made, part, middle, random)
    return made


def cover(rgb: RgbArray, faces: FloatArray, face: int, random: Random) -> None:
    """Lay another part of `rgb` before one of its `faces` (n, 4), in place, unless that shows the middle of one."""
    box = faces[face]
    side_px = float(np.sqrt((box[2] - box[0]) * (box[3] - box[1])))
    height, width = np.clip(random.uniform(*OVER, 2) * side_px, 2, np.array(rgb.shape[:2]) / 2).astype(int)
    top, left = random.integers(0, rgb.shape[0] - height), random.integers(0, rgb.shape[1] - width)
    middles = (faces[:, :2] + faces[:, 2:]) / 2
    if ((middles >= (left, top)) & (middles <= (left + width, top + height))).all(axis=1).any():
        return
    part = rgb[top : top + height, left : left + width].copy()
    _lay(rgb, part, middles[face, ::-1] + _away(BESIDE, random) * side_px, random)


def _lay(rgb: RgbArray, part: RgbArray, middle: NDArray[np.float64], random: Random) -> None:
    """Put `part`, or an ellipse of it, into `rgb` with its middle (y, x) as near to `middle` as it fits, in place."""
    size = np.array(part.shape[:2])
    down, right = np.clip(middle - size / 2, 0, np.array(rgb.shape[:2]) - size).astype(int)
    place = rgb[down : down + size[0], right : right + size[1]]
    shape = _ellipse(size[0], size[1]) if random.random() < ROUND else np.ones((size[0], size[1], 1), bool)
    np.copyto(place, part, where=shape)


def _away(shares: tuple[float, float], random: Random) -> NDArray[np.float64]:
    """A random step (y, x) of a length between `shares`."""
    direction, length = random.uniform(0, 2 * np.pi), random.uniform(*shares)
    return length * np.array([np.sin(direction), np.cos(direction)])


def _ellipse(height: int, width: int) -> NDArray[np.bool_]:
    """(height, width, 1): where the ellipse that fills the rectangle is."""
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
    return np.asarray(mask[:, :, None] == 1)
