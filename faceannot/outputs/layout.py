"""Where the text of each face goes: beside its own box, on no other face, on no other text, inside the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

# Shares of the picture's longer side and of a face's width, chosen by eye on photos 300 to 5000 pixels wide.
_SMALLEST_FONT, _LARGEST_FONT, _FONT_OF_FACE = 1 / 120, 1 / 40, 1 / 6
_LEGIBLE_PX = 11
# A text much wider than its face leaves a doubt whose it is, unless the next face is farther away still.
_WIDEST_OF_FACE, _WIDEST_OF_GAP = 2.4, 0.9
_COVERED_OF_FACE = 0.2


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels from `left`, `top` up to, without, `right`, `bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Plate:
    """A text of one or two lines and the rectangle that it fills."""

    rect: Rect
    text: str
    font_px: int


def place_plates(boxes: Sequence[Rect], texts: Sequence[str], width: int, height: int) -> list[Plate | None]:
    """A plate for each box, or None for a face that is too small or too crowded to have one.

    `texts`: one line each; the last word may go on a second line. Large faces choose first.
    """
    if not boxes:
        return []
    # Whether a face is large enough must not depend on how long its own label is.
    narrowest = max(plate_size(_two_lines(text), font_range(width, height)[0])[0] for text in texts)
    places = _Places(boxes, width, height, narrowest)
    order = sorted(range(len(boxes)), key=lambda i: (-boxes[i].width * boxes[i].height, i))
    found: list[Plate | None] = [None] * len(boxes)
    for index in order:
        found[index] = places.take(index, texts[index])
    return found


def place_legend(taken: Sequence[Rect], size: tuple[int, int], width: int, height: int) -> Rect | None:
    """A corner of the picture for a legend of that size, away from all that is `taken`."""
    if size[0] > width or size[1] > height:
        return None
    occupied = _array(taken)
    corners = [(left, top) for left in (0, width - size[0]) for top in (height - size[1], 0)]
    rects = (Rect(left, top, left + size[0], top + size[1]) for left, top in corners)
    return next((rect for rect in rects if not _hits(rect, occupied).any()), None)


def font_range(width: int, height: int) -> tuple[int, int]:
    """Smallest and largest font in pixels that suit a picture of that size."""
    side = max(width, height)
    return max(_LEGIBLE_PX, round(side * _SMALLEST_FONT)), max(_LEGIBLE_PX + 5, round(side * _LARGEST_FONT))


@lru_cache(maxsize=64)
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, which holds all that labels are written with."""
    found = ImageFont.load_default(size_px)
    assert isinstance(found, ImageFont.FreeTypeFont), "Pillow without FreeType"
    return found


@lru_cache(maxsize=4096)
def plate_size(text: str, font_px: int) -> tuple[int, int]:
    """Width and height in pixels of a plate for a text of one or more lines."""
    lines = text.split("\n")
    width = max(font(font_px).getlength(line) for line in lines)
    return int(width) + 1 + 2 * padding(font_px), len(lines) * line_height(font_px) + 2 * padding(font_px)


def padding(font_px: int) -> int:
    """Between the edge of a plate and its text, in pixels."""
    return max(2, font_px // 5)


def line_height(font_px: int) -> int:
    """From one line of text to the next, in pixels."""
    return round(font_px * 1.1)


class _Places:
    """The picture while it fills with plates."""

    def __init__(self, boxes: Sequence[Rect], width: int, height: int, narrowest: int) -> None:
        self._rects = list(boxes)
        self._boxes = _array(boxes)
        left, top, right, bottom = self._boxes.T
        self._across, self._down = (left + right) / 2, (top + bottom) / 2
        self._plates = np.zeros_like(self._boxes)
        self._count = 0
        self._size = width, height
        self._narrowest = narrowest

    def take(self, index: int, text: str) -> Plate | None:
        widest = self._widest(index)
        if widest < self._narrowest:
            return None
        for written, font_px in _variants(text, self._rects[index], font_range(*self._size)):
            size = plate_size(written, font_px)
            if size[0] > widest:
                continue
            for rect in _positions(self._rects[index], size, self._size):
                if self._is_free(rect, index):
                    self._plates[self._count] = (rect.left, rect.top, rect.right, rect.bottom)
                    self._count += 1
                    return Plate(rect, written, font_px)
        return None

    def _widest(self, index: int) -> float:
        if len(self._rects) == 1:
            return self._size[0]
        across, down = self._across - self._across[index], self._down - self._down[index]
        distances = np.maximum(np.abs(across), np.abs(down))
        distances[index] = np.inf
        return max(_WIDEST_OF_FACE * self._rects[index].width, _WIDEST_OF_GAP * float(distances.min()))

    def _is_free(self, rect: Rect, index: int) -> bool:
        hits = _hits(rect, self._boxes)
        hits[index] = False
        return not hits.any() and not _hits(rect, self._plates[: self._count]).any()


def _variants(text: str, box: Rect, fonts: tuple[int, int]) -> Iterator[tuple[str, int]]:
    smallest, largest = fonts
    wanted = min(max(round(box.width * _FONT_OF_FACE), smallest), largest)
    for font_px in dict.fromkeys((wanted, (wanted + smallest) // 2, smallest)):
        yield text, font_px
        yield _two_lines(text), font_px


def _two_lines(text: str) -> str:
    return "\n".join(text.rsplit(" ", 1))


def _positions(box: Rect, size: tuple[int, int], picture: tuple[int, int]) -> Iterator[Rect]:
    """Above, below, beside, and last inside the box, where it covers little of the face."""
    width, height = size
    above, below, inside = box.top - height, box.bottom, box.bottom - height
    lefts = (box.left, box.right - width, (box.left + box.right - width) // 2)
    places = [(left, top) for top in (above, below) for left in lefts]
    places += [(box.right, box.top), (box.left - width, box.top)]
    if height <= _COVERED_OF_FACE * box.height:
        places += [(left, top) for top in (inside, box.top) for left in lefts]
    for left, top in places:
        left = min(max(left, 0), picture[0] - width)
        rect = Rect(left, top, left + width, top + height)
        if left >= 0 and top >= 0 and rect.bottom <= picture[1] and _covers_little(rect, box):
            yield rect


def _covers_little(rect: Rect, box: Rect) -> bool:
    """Moving a plate into the picture can push it over its own face."""
    across = min(rect.right, box.right) - max(rect.left, box.left)
    down = min(rect.bottom, box.bottom) - max(rect.top, box.top)
    return across <= 0 or down <= 0 or across * down <= _COVERED_OF_FACE * box.width * box.height


def _array(rects: Sequence[Rect]) -> NDArray[np.int64]:
    rows = [(rect.left, rect.top, rect.right, rect.bottom) for rect in rects]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _hits(rect: Rect, others: NDArray[np.int64]) -> NDArray[np.bool_]:
    left, top, right, bottom = others.T
    across = (rect.left < right) & (rect.right > left)
    return np.asarray(across & (rect.top < bottom) & (rect.bottom > top))
