"""Where to look closer: rectangles around the faces that an earlier look showed small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

# In pixels of the closer look. Tiles of about this side stay in a processor's cache; what surrounds a face tells it
# from a pattern, and shows its neighbours that the earlier look missed.
TILE_PX = 640
MARGIN_PX = 96
# A large face's neighbours are as far away as it is large: so many of its sides are shown around it.
MARGIN_SIDES = 1.5


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of whole pixels of a picture, `right` and `bottom` outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)

    def cut(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What `rgb` (height, width, 3) shows here; a view, no copy."""
        return rgb[self.top : self.bottom, self.left : self.right]

    def with_whole(self, boxes: FloatArray, size: tuple[int, int], tolerance: float) -> NDArray[np.bool_]:
        """Which of `boxes` (n, 4), in pixels of the tile, none of its sides cuts; the picture's own sides may.

        `size`: height and width of the picture. `tolerance`: a box this near to a side counts as cut.
        """
        inside = np.ones(len(boxes), dtype=bool)
        if self.left > 0:
            inside &= boxes[:, 0] > tolerance
        if self.top > 0:
            inside &= boxes[:, 1] > tolerance
        if self.right < size[1]:
            inside &= boxes[:, 2] < self.right - self.left - tolerance
        if self.bottom < size[0]:
            inside &= boxes[:, 3] < self.bottom - self.top - tolerance
        return inside


def whole(size: Sequence[int]) -> Tile:
    """The tile that is a picture of `size` (height, width)."""
    return Tile(0, 0, size[1], size[0])


def around(boxes: FloatArray, size: tuple[int, int], factor: float) -> list[Tile]:
    """Tiles that show each of `boxes` (n, 4) with what surrounds it.

    `boxes` and `size` (height, width) in pixels of a picture that is looked at `factor` times as large. The picture is
    divided into cells of about `TILE_PX`; the boxes of one cell share a tile, and tiles that overlap become one where
    that makes less to look at.
    """
    height, width = size
    columns, rows = (max(1, round(side * factor / TILE_PX)) for side in (width, height))
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    column = np.clip(middles[:, 0] * columns / width, 0, columns - 1).astype(int)
    row = np.clip(middles[:, 1] * rows / height, 0, rows - 1).astype(int)
    cells = row * columns + column
    return _joined([_tile(boxes[cells == cell], size, factor) for cell in np.unique(cells)])


def _tile(boxes: FloatArray, size: tuple[int, int], factor: float) -> Tile:
    boxes = boxes.astype(np.float64)  # whose sums no box is too large for
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True)
    margins = np.maximum(MARGIN_PX / factor, MARGIN_SIDES * sides)
    last = np.array([size[1], size[0]])
    low = np.clip(np.floor((boxes[:, :2] - margins).min(axis=0)), 0, last - 1).astype(int)
    high = np.clip(np.ceil((boxes[:, 2:] + margins).max(axis=0)), low + 1, last).astype(int)
    return Tile(*low.tolist(), *high.tolist())


def _joined(tiles: Sequence[Tile]) -> list[Tile]:
    """The same tiles, any two of them as one for as long as that is no larger than both."""
    joined: list[Tile] = []
    for tile in tiles:
        while (partner := _partner(tile, joined)) is not None:
            joined.remove(partner)
            tile = _both(tile, partner)
        joined.append(tile)
    return joined


def _partner(tile: Tile, others: Sequence[Tile]) -> Tile | None:
    return next((other for other in others if _both(tile, other).area <= tile.area + other.area), None)


def _both(one: Tile, other: Tile) -> Tile:
    return Tile(
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )
