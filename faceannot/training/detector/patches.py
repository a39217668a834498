"""Puts a part of another picture before a find, as hands, heads and hats come before faces."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.cropping import MARGIN

RgbArray = NDArray[np.uint8]
Random = np.random.Generator

# Height and width of a part, and how far its middle is from that of the crop, as shares of what is seen of the crop.
SIZES, AWAY = (0.15, 0.5), (0.2, 0.5)
# The other parts have corners.
ROUND = 0.7


def behind(crop: RgbArray, other: RgbArray, random: Random) -> RgbArray:
    """`crop` with a random part of `other` before it, both (side, side, 3) RGB; never before all of its middle."""
    side_px = crop.shape[0]
    seen_px = side_px / MARGIN
    height, width = np.maximum(2, random.uniform(*SIZES, 2) * seen_px).astype(int)
    top, left = random.integers(0, side_px - height), random.integers(0, side_px - width)
    part = other[top : top + height, left : left + width]
    direction, away = random.uniform(0, 2 * np.pi), random.uniform(*AWAY) * seen_px
    middle = side_px / 2 + away * np.array([np.sin(direction), np.cos(direction)])
    down, right = np.clip(middle - np.array([height, width]) / 2, 0, np.array([side_px - height, side_px - width]))
    made = crop.copy()
    place = made[int(down) : int(down) + height, int(right) : int(right) + width]
    shape = _ellipse(height, width) if random.random() < ROUND else np.ones((height, width, 1), bool)
    np.copyto(place, part, where=shape)
    return made


def _ellipse(height: int, width: int) -> NDArray[np.bool_]:
    """(height, width, 1): where the ellipse that fills the rectangle is."""
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 1, -1)
    return np.asarray(mask[:, :, None] == 1)
