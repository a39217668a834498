"""Square canvases put together from labelled photos: close-ups, groups and crowds of every size of face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceannot.training.augmentation import Strength, photographic
from faceannot.training.detector.labelled_photos import LabelledPhoto
from faceannot.training.detector.patches import cover

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]
Random = np.random.Generator

LIGHT = Strength(light=0.45, low_resolution=0.15, smallest_px=150, blur=0.1, jpeg=0.2, noise=0.05, grey=0.12)
# Of a face this share must be inside its tile to be learned; less than the second is no face at all.
VISIBLE, HIDDEN = 0.6, 0.25
# So many of the faces have something before them that is elsewhere in the canvas.
BEHIND = 0.12


@dataclass(frozen=True, slots=True)
class Canvas:
    """A training picture: `rgb` (side, side, 3), its faces and what to ignore, in its pixels."""

    rgb: RgbArray
    boxes: FloatArray
    landmarks: FloatArray
    ignored: FloatArray


@dataclass(frozen=True, slots=True)
class Page:
    """A labelled photo with copies of it at a half, a quarter and an eighth of its size."""

    photo: LabelledPhoto
    smaller: tuple[RgbArray, ...]

    @staticmethod
    def of(photo: LabelledPhoto) -> Page:
        return Page(photo, tuple(_divided(photo.rgb, factor) for factor in (2, 4, 8)))

    def at_least(self, scale: float) -> tuple[RgbArray, int]:
        """The smallest copy that need not be enlarged to show the photo at `scale`, and what its size is divided by."""
        level = min(len(self.smaller), max(0, int(np.floor(-np.log2(scale)))))
        return (self.smaller[level - 1], 2**level) if level else (self.photo.rgb, 1)


def _divided(rgb: RgbArray, factor: int) -> RgbArray:
    size = max(1, rgb.shape[1] // factor), max(1, rgb.shape[0] // factor)
    part = rgb[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))


@dataclass(frozen=True, slots=True)
class Draw:
    """Pages, each with the running sum of the chances up to it."""

    pages: Sequence[Page]
    chances: NDArray[np.float64]

    @staticmethod
    def of(pages: Sequence[Page], shares: Mapping[str, float]) -> Draw:
        """`shares`: part of the draws of each source; pages of other sources are left out."""
        used = [page for page in pages if page.photo.source in shares]
        sources = np.array([page.photo.source for page in used])
        each = {source: share / max(1, int((sources == source).sum())) for source, share in shares.items()}
        chances = np.array([each[source] for source in sources])
        return Draw(used, np.cumsum(chances / chances.sum()))

    def page(self, random: Random) -> Page:
        return self.pages[int(np.searchsorted(self.chances, random.random() * self.chances[-1]))]


@dataclass(frozen=True, slots=True)
class Album:
    """Labelled photos: those whose faces are shown, and those that are shown as they are, with a face or without."""

    faces: Draw
    wholes: Draw

    @staticmethod
    def of(photos: Sequence[LabelledPhoto], shares: Mapping[str, float], whole_shares: Mapping[str, float]) -> Album:
        """`shares` and `whole_shares`: part of each source in either."""
        pages = [Page.of(photo) for photo in photos]
        return Album(Draw.of([page for page in pages if len(page.photo.boxes)], shares), Draw.of(pages, whole_shares))


def canvas(album: Album, side_px: int, random: Random) -> Canvas:
    """One random canvas: a close-up, a mosaic of four, a crowd, or a photo as it is."""
    kind = random.random()
    if kind < 0.34:
        return finished(_tile(album.faces.page(random), side_px, side_px, (12, 0.95 * side_px), random), random)
    if kind < 0.53:
        return finished(_grid(album, side_px, 2, (10, 0.4 * side_px), random), random)
    if kind < 0.75:
        return finished(_grid(album, side_px, int(random.integers(3, 7)), (9, 0.2 * side_px), random), random)
    return finished(_whole(album.wholes.page(random), side_px, random), random)


def finished(made: Canvas, random: Random) -> Canvas:
    """`made` as a camera of some quality would show it, half of the time mirrored, now and then behind something."""
    rgb = made.rgb
    for face, (box, points) in enumerate(zip(made.boxes, made.landmarks, strict=True)):
        if random.random() < 0.08:
            _paint_over(rgb, box, points, random)
        elif random.random() < BEHIND:
            cover(rgb, made.boxes, face, random)
    rgb = photographic(rgb, LIGHT, random)
    if random.random() < 0.5:
        return Canvas(rgb, made.boxes, made.landmarks, made.ignored)
    width = rgb.shape[1]
    flipped = made.landmarks[:, [1, 0, 2, 4, 3]] * _pair(-1, 1) + _pair(width - 1, 0)
    return Canvas(
        np.ascontiguousarray(rgb[:, ::-1]), _mirrored(made.boxes, width), flipped, _mirrored(made.ignored, width)
    )


def _mirrored(boxes: FloatArray, width: int) -> FloatArray:
    return np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)


def _pair(x: float, y: float) -> FloatArray:
    return np.array([x, y], np.float32)


def _grid(album: Album, side_px: int, count: int, sizes: tuple[float, float], random: Random) -> Canvas:
    """`count` x `count` tiles with borders at random places."""
    edges = [_borders(side_px, count, random) for _ in range(2)]
    rgb = np.zeros((side_px, side_px, 3), np.uint8)
    parts = []
    for top, bottom in zip(edges[0], edges[0][1:], strict=False):
        for left, right in zip(edges[1], edges[1][1:], strict=False):
            tile = _tile(album.faces.page(random), right - left, bottom - top, sizes, random)
            rgb[top:bottom, left:right] = tile.rgb
            parts.append(_moved(tile, left, top))
    return Canvas(
        rgb,
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
        np.concatenate([part.ignored for part in parts]),
    )


def _borders(side_px: int, count: int, random: Random) -> list[int]:
    shares = random.uniform(0.7, 1.3, count)
    return [0, *np.round(np.cumsum(shares / shares.sum()) * side_px).astype(int).tolist()]


def _moved(tile: Canvas, left: int, top: int) -> Canvas:
    shift = _pair(left, top)
    return Canvas(tile.rgb, tile.boxes + np.tile(shift, 2), tile.landmarks + shift, tile.ignored + np.tile(shift, 2))


def _tile(page: Page, width: int, height: int, sizes: tuple[float, float], random: Random) -> Canvas:
    """A part of a photo in which one of its faces has a random size between `sizes` pixels and lies anywhere."""
    photo = page.photo
    box = photo.boxes[random.integers(len(photo.boxes))]
    size = float(np.sqrt((box[2] - box[0]) * (box[3] - box[1])))
    largest = min(sizes[1], 0.95 * min(width, height), size * 3)
    # A photo that is much smaller than its tile would leave the network nothing to look at.
    filling = 0.8 * size * min(width, height) / max(photo.rgb.shape[:2])
    smallest = min(max(sizes[0], filling), largest)
    wanted = float(np.exp(random.uniform(np.log(smallest), np.log(largest))))
    margin = min(0.45 * wanted, 0.4 * min(width, height))
    place = (random.uniform(margin, width - margin), random.uniform(margin, height - margin))
    return _placed(page, (box[:2] + box[2:]) / 2, wanted / size, place, (width, height), random)


def _whole(page: Page, side_px: int, random: Random) -> Canvas:
    """A random part of a photo at a random size, whether it shows a face or not: what is no face is learned here."""
    height, width = page.photo.rgb.shape[:2]
    scale = side_px / max(height, width) * float(np.exp(random.uniform(-0.1, 1.6)))
    focus = np.array([random.uniform(0.2, 0.8) * width, random.uniform(0.2, 0.8) * height], np.float32)
    return _placed(page, focus, scale, (side_px / 2, side_px / 2), (side_px, side_px), random)


def turned(photo: LabelledPhoto, scale: float, random: Random) -> Canvas:
    """All of `photo` at `scale` times its size, turned a little and in other light."""
    height, width = photo.rgb.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    page = Page(photo, (_divided(photo.rgb, 2),))
    middle = np.array([width / 2, height / 2], np.float32)
    made = _placed(page, middle, scale, (size[0] / 2, size[1] / 2), size, random)
    return Canvas(photographic(made.rgb, LIGHT, random), made.boxes, made.landmarks, made.ignored)


def _placed(
    page: Page,
    focus: FloatArray,
    scale: float,
    place: tuple[float, float],
    size: tuple[int, int],
    random: Random,
) -> Canvas:
    """The photo with its point `focus` at `place` of a picture of `size` (width, height), `scale` times as large."""
    angle = random.normal(0.0, 8.0) if random.random() < 0.65 else random.uniform(-40, 40)
    photo = page.photo
    rgb, divided = page.at_least(scale)
    stretch = float(np.exp(random.normal(0.0, 0.05)))
    matrix = np.asarray(cv2.getRotationMatrix2D((float(focus[0]), float(focus[1])), angle, scale), np.float64)
    matrix[0] *= stretch
    matrix[:, 2] += np.asarray(place) - matrix[:, :2] @ focus - matrix[:, 2]
    warped = cv2.warpAffine(
        rgb,
        np.column_stack([matrix[:, :2] * divided, matrix[:, 2]]),
        size,
        flags=cv2.INTER_LINEAR,
        borderValue=tuple(int(v) for v in random.integers(0, 256, 3)) if random.random() < 0.5 else (0, 0, 0),
    )
    boxes, landmarks = _transformed(photo.boxes, matrix), photo.landmarks @ matrix[:, :2].T + matrix[:, 2]
    visible = _visible(boxes, size)
    unclear = np.concatenate([_transformed(photo.ignored, matrix), boxes[(visible < VISIBLE) & (visible >= HIDDEN)]])
    ignored = np.clip(unclear, 0, np.tile(_pair(*size), 2))
    ignored = ignored[(ignored[:, 2:] > ignored[:, :2]).all(axis=1)]
    kept = visible >= VISIBLE
    return Canvas(
        np.asarray(warped, dtype=np.uint8), boxes[kept], landmarks[kept].astype(np.float32), ignored.astype(np.float32)
    )


def _transformed(boxes: FloatArray, matrix: NDArray[np.float64]) -> FloatArray:
    """Boxes under a small turn: the centre moves, the sides only change their size."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * np.hypot(matrix[:, 0], matrix[:, 1])
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)


def _visible(boxes: FloatArray, size: tuple[int, int]) -> FloatArray:
    inside = np.clip(boxes, 0, np.tile(_pair(*size), 2))
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.asarray((inside[:, 2] - inside[:, 0]) * (inside[:, 3] - inside[:, 1]) / np.maximum(area, 1e-6))


def _paint_over(rgb: RgbArray, box: FloatArray, points: FloatArray, random: Random) -> None:
    """Draw a mask over mouth and nose, dark glasses over the eyes, or a hand-sized patch, in place."""
    colour = tuple(int(v) for v in random.integers(0, 256, 3))
    width = box[2] - box[0]
    kind = random.integers(3)
    if kind == 2 or not np.isfinite(points).all():
        corner = box[:2] + random.uniform(0, 0.6, 2) * (box[2:] - box[:2])
        cv2.rectangle(rgb, corner.astype(int).tolist(), (corner + 0.4 * width).astype(int).tolist(), colour, -1)
    elif kind == 1:
        for eye in points[:2]:
            cv2.circle(rgb, eye.astype(int).tolist(), max(1, int(0.17 * width)), (20, 20, 20), -1)
    else:
        nose, left, right = points[2], points[3], points[4]
        below = (left + right) / 2 + 0.6 * ((left + right) / 2 - nose)
        side = 0.45 * (right - left)
        corners = np.array([nose - 2 * side, nose, nose + 2 * side, right + side, below, left - side])
        cv2.fillPoly(rgb, [corners.astype(np.int32)], colour)
