"""Finds faces: an RGB array to boxes, five landmarks and scores, by any ONNX file with YuNet's interface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceannot.errors import BundleError
from faceannot.onnx_files import open_network
from faceannot.tiles import Tile, around, whole

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]

STRIDES = (8, 16, 32)
# Numbers a cell: two scores, a box, five landmarks.
_NUMBERS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
OUTPUTS = tuple(f"{part}_{stride}" for part in _NUMBERS for stride in STRIDES)
NMS_IOU = 0.4
# Boxes that share this much with the best one say the same of the same face.
SAME_IOU = 0.5
# A weaker find that lies this much inside a stronger one is an eye or a cheek, seen at a larger size.
INSIDE = 0.8

# Longer side, in pixels, at which faces that fill a photo are found; the border lets the edge cut them.
CLOSE_PX, CLOSE_BORDER_PX = 192, 32
# Enlarging shows a crowd's smallest faces up to here; a face of 8 pixels then has 24.
MOST_ENLARGED = 3
# A face with both sides below this has smaller neighbours, which only a closer look shows.
SMALL_FACE_PX = 24
# A picture that becomes smaller by less than this loses no detail to interpolation, which is quicker than averaging.
LITTLE_SMALLER = 0.8
# Of a network that takes pictures of one size alone.
LARGEST_FIXED_PX = 8192
# What a look takes for a small face with at least this score is reason enough to look closer there.
HINT = 0.3
# In a tile, a face this near to its edge is cut by it; another tile or an earlier look shows it whole.
CUT_PX = 2


@dataclass(frozen=True, slots=True)
class Detections:
    """The faces of one picture, best first.

    `boxes`: (n, 4) left, top, right, bottom in pixels, not cut at the edges.
    `landmarks`: (n, 5, 2) x, y: the eyes, the nose tip, the mouth corners, left to right as a face is upright.
    `scores`: (n,) 0..1.
    """

    boxes: FloatArray
    landmarks: FloatArray
    scores: FloatArray

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def longer_sides(self) -> FloatArray:
        """Of the boxes (n,), in pixels."""
        return np.asarray((self.boxes[:, 2:] - self.boxes[:, :2]).max(axis=1, initial=0.0))

    def __getitem__(self, chosen: Any) -> Detections:
        return Detections(self.boxes[chosen], self.landmarks[chosen], self.scores[chosen])

    def scaled(self, factor: float | tuple[float, float]) -> Detections:
        """The same faces in a picture that is `factor` (or x and y factors) times as large."""
        by = np.broadcast_to(np.asarray(factor, dtype=np.float32), (2,))
        return Detections(self.boxes * np.tile(by, 2), self.landmarks * by, self.scores)

    def moved(self, right: float, down: float) -> Detections:
        """The same faces, so many pixels further right and down."""
        by = np.array([right, down], dtype=np.float32)
        return Detections(self.boxes + np.tile(by, 2), self.landmarks + by, self.scores)

    @staticmethod
    def concatenate(parts: Sequence[Detections]) -> Detections:
        """All faces of `parts`, best first."""
        boxes = np.concatenate([part.boxes for part in parts] or [np.zeros((0, 4), np.float32)])
        landmarks = np.concatenate([part.landmarks for part in parts] or [np.zeros((0, 5, 2), np.float32)])
        scores = np.concatenate([part.scores for part in parts] or [np.zeros(0, np.float32)])
        return Detections(boxes, landmarks, scores)[np.argsort(-scores, kind="stable")]


def overlaps(box: FloatArray, boxes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What `box` (4,) shares with each of `boxes` (n, 4), as a part of both together and of the smaller of the two."""
    left, top, right, bottom = boxes.T
    width = np.minimum(right, box[2]) - np.maximum(left, box[0])
    height = np.minimum(bottom, box[3]) - np.maximum(top, box[1])
    shared = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    area = (box[2] - box[0]) * (box[3] - box[1])
    areas = (right - left) * (bottom - top)
    return shared / np.maximum(area + areas - shared, 1e-9), shared / np.maximum(np.minimum(area, areas), 1e-9)


def overlap(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """Intersection over union of `box` (4,) with each of `boxes` (n, 4)."""
    return overlaps(box, boxes)[0]


def merge(found: Detections) -> Detections:
    """Greedy non-maximum suppression: of boxes that overlap by more than `NMS_IOU` or lie in each other the best stays.

    It keeps its score, and has for place and landmarks the mean of all that are nearly the same, by their scores:
    what single cells say of them shakes (Bazarevsky et al., "BlazeFace", 2019).
    """
    found = found[np.argsort(-found.scores, kind="stable")]
    alive = np.ones(len(found), dtype=bool)
    places = np.concatenate([found.boxes, found.landmarks.reshape(-1, 10)], axis=1)
    kept, merged = [], places.copy()
    for index in range(len(found)):
        if alive[index]:
            kept.append(index)
            shared, smaller = overlaps(found.boxes[index], found.boxes[index:])
            same = np.flatnonzero((shared >= SAME_IOU) & alive[index:]) + index
            if len(same) > 1 and found.scores[index] > 0:
                merged[index] = found.scores[same] @ places[same] / found.scores[same].sum()
            alive[index:][(shared > NMS_IOU) | (smaller > INSIDE)] = False
    return Detections(merged[:, :4], merged[:, 4:].reshape(-1, 5, 2), found.scores)[kept]


def decode(outputs: dict[str, FloatArray], size: tuple[int, int], threshold: float) -> Detections:
    """YuNet's raw outputs for one picture of `size` (height, width) to faces, before suppression.

    `outputs[f"{part}_{stride}"]`: (cells, k) with k = 1 for `cls` and `obj` (0..1), 4 for `bbox` (centre offset in
    cells, log of the size in cells), 10 for `kps` (offsets in cells). A score is the root of cls x obj
    (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023). Cells without a finite place are no faces.
    """
    found = Detections.concatenate(list(_levels(outputs, size, threshold)))
    return found[np.isfinite(found.boxes).all(axis=1) & np.isfinite(found.landmarks).all(axis=(1, 2))]


def _levels(outputs: dict[str, FloatArray], size: tuple[int, int], threshold: float) -> Iterator[Detections]:
    for stride in STRIDES:
        joint = np.clip(outputs[f"cls_{stride}"], 0, 1) * np.clip(outputs[f"obj_{stride}"], 0, 1)
        scores = np.sqrt(joint.reshape(-1))
        cells = np.flatnonzero(scores >= threshold)
        columns = size[1] // stride
        corner = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
        bbox = outputs[f"bbox_{stride}"].reshape(-1, 4)[cells]
        centre = (corner + bbox[:, :2]) * stride
        half = np.exp(np.minimum(bbox[:, 2:], 10.0)) * (stride / 2)
        points = outputs[f"kps_{stride}"].reshape(-1, 5, 2)[cells]
        landmarks = (points + corner[:, None]) * stride
        yield Detections(np.concatenate([centre - half, centre + half], axis=1), landmarks, scores[cells])


def resized(rgb: RgbArray, factor: float) -> RgbArray:
    """`rgb` at `factor` times its size, at least one pixel.

    Averages where it gets smaller, over whole pixels first: that is ten times as quick as over parts of them.
    """
    if factor == 1.0:
        return rgb
    import cv2

    size = max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor))
    times = min(int(1 / factor), *rgb.shape[:2])
    if times > 1:
        rows, columns = (side // times for side in rgb.shape[:2])
        covered = rgb[: rows * times, : columns * times]
        rgb = np.asarray(cv2.resize(covered, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    interpolation = cv2.INTER_AREA if size[0] < LITTLE_SMALLER * rgb.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size, interpolation=interpolation), dtype=np.uint8)


def _input(path: Path, inputs: Sequence[Any]) -> tuple[str, tuple[int, int] | None]:
    """The name of the only input, and its (height, width) where those are fixed."""
    shape = inputs[0].shape if len(inputs) == 1 else []
    if len(shape) != 4 or inputs[0].type != "tensor(float)" or (isinstance(shape[1], int) and shape[1] != 3):
        raise _misfit(path, "it has to take one picture (1, 3, height, width) of 32-bit floating-point numbers")
    sides = [side for side in shape[2:] if isinstance(side, int)]
    if not all(0 < side <= LARGEST_FIXED_PX and side % STRIDES[-1] == 0 for side in sides):
        raise _misfit(path, f"height and width have to be multiples of {STRIDES[-1]} up to {LARGEST_FIXED_PX}")
    return inputs[0].name, (shape[2], shape[3]) if len(sides) == 2 else None


def _misfit(path: Path, reason: str) -> BundleError:
    return BundleError(f"{path}: no detector with YuNet's interface: {reason}")


class Detector:
    """A face detector from an ONNX file with YuNet's interface (ours, or OpenCV Zoo's).

    The network takes (1, 3, height, width) float32, blue-green-red, 0..255, sides divisible by 32. A file with a
    fixed input size works too: pictures are fitted into it.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Load `path`; `threads` is what one call may use. Raises `BundleError` if it is no such network."""
        self._session = open_network(path, "detector", threads=threads)
        missing = set(OUTPUTS) - {output.name for output in self._session.get_outputs()}
        if missing:
            raise _misfit(path, f"outputs {', '.join(sorted(missing))} are missing")
        self._input, self._fixed = _input(path, self._session.get_inputs())
        self._try(path)

    def _try(self, path: Path) -> None:
        """Refuse a network that breaks on a black picture, or gives other numbers than the names of its outputs say."""
        height, width = self._fixed or (2 * STRIDES[-1], 2 * STRIDES[-1])
        try:
            outputs = self._outputs(np.zeros((height, width, 3), np.uint8))
        except Exception as error:
            raise _misfit(path, f"it breaks on a black picture: {error}") from error
        for (part, numbers), stride in product(_NUMBERS.items(), STRIDES):
            expected = (height // stride) * (width // stride) * numbers
            if outputs[f"{part}_{stride}"].size != expected:
                raise _misfit(path, f"{part}_{stride} has to be {expected} numbers for {height} x {width} pixels")

    def detect(self, rgb: RgbArray, *, threshold: float) -> Detections:
        """Faces in `rgb` (height, width, 3) uint8 at just this size, scores from `threshold` up, best first.

        Coordinates are in pixels of `rgb`.
        """
        if self._fixed:
            return self._detect_fitted(rgb, self._fixed, threshold)
        return self._detect_padded(rgb, threshold)

    def find(
        self, rgb: RgbArray, *, threshold: float, smallest_px: float = 0.0, sizes_px: tuple[int, int] = (640, 3840)
    ) -> Detections:
        """Faces of every size in `rgb` (height, width, 3) uint8, best first, in its pixels.

        Looks at a small size for faces that fill the picture, then with its longer side at the first of `sizes_px`, and
        at twice that size, up to the second, around all that might be small faces in the last look; once also at
        everything when nothing was seen. On faces that are small in it only the next look decides. Faces are left out
        when both sides of their box are below `smallest_px`.
        """
        longest = max(rgb.shape[:2])
        side_px, largest_px = min(sizes_px[0], 2 * longest), min(sizes_px[1], MOST_ENLARGED * longest)
        hint = min(threshold, HINT)
        usual = resized(rgb, side_px / longest)
        back = rgb.shape[1] / usual.shape[1], rgb.shape[0] / usual.shape[0]
        close = self._look(usual, CLOSE_PX, threshold, border_px=CLOSE_BORDER_PX).scaled(back)
        last = self.detect(usual, threshold=hint).scaled(back)
        looks = [close[close.longer_sides >= SMALL_FACE_PX * longest / CLOSE_PX]]
        nothing_yet = not (len(close) or (last.scores >= threshold).any())
        # A network of fixed size has seen all that it can.
        while not self._fixed and side_px < largest_px:
            small = last.longer_sides < SMALL_FACE_PX * longest / side_px
            if not (small.any() or nothing_yet):
                break
            looks.append(last[~small])
            side_px = min(2 * side_px, largest_px)
            tiles = [whole(rgb.shape)] if nothing_yet else around(last.boxes[small], rgb.shape[:2], side_px / longest)
            last, nothing_yet = self._look_closer(rgb, tiles, side_px / longest, hint), False
        found = Detections.concatenate([*looks, last])
        found = merge(found[found.scores >= threshold])
        return found[found.longer_sides >= smallest_px]

    def _look_closer(self, rgb: RgbArray, tiles: Sequence[Tile], factor: float, threshold: float) -> Detections:
        """Faces in `tiles` of `rgb`, each at `factor` times its size, in pixels of `rgb`; twice where tiles overlap."""
        looks = []
        for tile in tiles:
            cut = tile.cut(rgb)
            large = resized(cut, factor)
            found = self.detect(large, threshold=threshold)
            found = found.scaled((cut.shape[1] / large.shape[1], cut.shape[0] / large.shape[0]))
            looks.append(found[tile.with_whole(found.boxes, rgb.shape[:2], CUT_PX / factor)].moved(tile.left, tile.top))
        return Detections.concatenate(looks)

    def _look(self, rgb: RgbArray, side_px: int, threshold: float, border_px: int = 0) -> Detections:
        """Faces in `rgb` at the size at which its longer side has `side_px` pixels, in pixels of `rgb`."""
        factor = side_px / max(rgb.shape[:2])
        small = resized(rgb, factor)
        if border_px:
            small = np.pad(small, ((border_px, border_px), (border_px, border_px), (0, 0)))
        found = self.detect(small, threshold=threshold)
        height, width = (side - 2 * border_px for side in small.shape[:2])
        return found.moved(-border_px, -border_px).scaled((rgb.shape[1] / width, rgb.shape[0] / height))

    def _detect_fitted(self, rgb: RgbArray, size: tuple[int, int], threshold: float) -> Detections:
        small = resized(rgb, min(size[0] / rgb.shape[0], size[1] / rgb.shape[1]))
        canvas = np.zeros((*size, 3), np.uint8)
        canvas[: small.shape[0], : small.shape[1]] = small
        found = self._detect_padded(canvas, threshold)
        return found.scaled((rgb.shape[1] / small.shape[1], rgb.shape[0] / small.shape[0]))

    def _detect_padded(self, rgb: RgbArray, threshold: float) -> Detections:
        return merge(decode(self._outputs(rgb), _padded(rgb), threshold))

    def _outputs(self, rgb: RgbArray) -> dict[str, FloatArray]:
        """What the network says of `rgb`, see `decode`."""
        height, width = _padded(rgb)
        tensor = np.zeros((1, 3, height, width), np.float32)
        for channel in range(3):
            tensor[0, 2 - channel, : rgb.shape[0], : rgb.shape[1]] = rgb[:, :, channel]
        raw = self._session.run(OUTPUTS, {self._input: tensor})
        return {name: value[0] for name, value in zip(OUTPUTS, raw, strict=True)}


def _padded(rgb: RgbArray) -> tuple[int, int]:
    """Height and width up to whole cells of the largest stride."""
    height, width = (-(-side // STRIDES[-1]) * STRIDES[-1] for side in rgb.shape[:2])
    return height, width
