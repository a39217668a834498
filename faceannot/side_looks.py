"""Looks at a photo from its other sides where nobody is surely seen: not every camera and scanner says what is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from faceannot.detector import Detections, resized
from faceannot.verifier import is_among

RgbArray = NDArray[np.uint8]

# By so many quarters of a full turn, anticlockwise.
QUARTERS = (1, 2, 3)
# A face that is scored this much is surely one: nearly everybody who is upright is, and nobody seen from the side.
SURE = 0.95
# A face that is upright in a photo that is not: of 160 that were turned, three have such a find of 0.5 and more, all of
# nobody, and none of this.
LIKELY = 0.8
# Whether a side shows anybody is seen in a copy with this longer side, by a look at the second, in which the verifier
# still sees all that it needs. Finds that the detector scores less are never sure faces.
COPY_PX, SIZE_PX, PROPOSED = 640, 320, 0.5


def sure_faces(found: Detections) -> int:
    """How many of `found` are surely faces."""
    return int((found.scores >= SURE).sum())


def best_side(rgb: RgbArray, least: int, look: Callable[[RgbArray], Detections]) -> int:
    """By how many quarters `rgb` has to be turned so that `look` sees the most sure faces, 0 where never `least`.

    It sees a small copy: of a large photo, turning alone would take longer than all looks.
    """
    copy = resized(rgb, min(1.0, COPY_PX / max(rgb.shape[:2])))
    seen = {quarters: sure_faces(look(turned(copy, quarters))) for quarters in QUARTERS}
    best = max(seen, key=lambda quarters: seen[quarters])
    return best if seen[best] >= least else 0


def turned(rgb: RgbArray, quarters: int) -> RgbArray:
    """`rgb` (height, width, 3) turned anticlockwise."""
    return np.ascontiguousarray(np.rot90(rgb, quarters))


def turned_back(found: Detections, quarters: int, shape: tuple[int, ...]) -> Detections:
    """What was `found` in a picture of `shape` (height, width, ...) that had been turned, as it lies there."""
    boxes, landmarks = found.boxes.reshape(-1, 2, 2), found.landmarks
    # The quarters one after the other, the last one first: of what is turned, this was the width before.
    for quarter in range(quarters, 0, -1):
        width = shape[1] if quarter % 2 else shape[0]
        boxes, landmarks = (_quarter_back(places, width) for places in (boxes, landmarks))
    corners = np.concatenate([boxes.min(axis=1), boxes.max(axis=1)], axis=1)
    return replace(found, boxes=corners, landmarks=landmarks)


def with_upright(on_side: Detections, upright: Detections) -> Detections:
    """The faces `on_side`, and those of `upright` who are others and likely faces: a collage shows both."""
    others = [
        score >= LIKELY and not is_among(box, on_side) for box, score in zip(upright.boxes, upright.scores, strict=True)
    ]
    return Detections.concatenate([on_side, upright[np.array(others, bool)]])


def _quarter_back(places: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """`places` (..., 2) of a picture turned anticlockwise by a quarter, in that picture, which is `width` wide."""
    return np.stack([np.float32(width) - places[..., 1], places[..., 0]], axis=-1)
