"""Looks again at what may be the face of somebody who leans or lies: in crops that are turned until it is upright.

The detector knows faces that are turned by up to 40 degrees. Of others it gives hints, with landmarks of an upright
face, and the verifier refuses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from faceannot.detector import Detections, Detector, overlaps
from faceannot.verifier import SAME, Verifier, is_among, logit, part_around

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]

# Degrees, anticlockwise as one sees it.
TURNS = (-45.0, 45.0)
# Of a crop, and how many times the longer side of a box it shows: the verifier sees 2.2 times a face in its middle.
CROP_PX, CONTEXT = 192, 3.3
# What the detector scores less, or is smaller, is not worth a look; of more finds the surest are looked at.
HINT, SMALLEST_PX, MOST = 0.45, 24, 8
# What both are this sure of is upright enough.
SURE = 0.9
# A face is one only when both scores say so clearly, for such looks are many: joint logits are lowered by this.
STRICTER = 2.6
# In the crop a face has this much of the side that it should have, at least and at most, and its middle is no further
# from the crop's than this part of that side.
SMALLEST, LARGEST, OFF_MIDDLE = 0.5, 1.8, 0.45


@dataclass(frozen=True, slots=True)
class TurnedCrop:
    """`rgb` (side, side, 3), and how the photo's x, y become the crop's: `turn` (2, 2) @ place + `shift` (2,)."""

    rgb: RgbArray
    turn: FloatArray
    shift: FloatArray

    def back(self, found: Detections) -> Detections:
        """What was found in the crop, in the photo. A box is that around the ellipse in the turned one."""
        inverse = np.linalg.inv(self.turn)
        landmarks = (found.landmarks - self.shift) @ inverse.T
        middles = ((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - self.shift) @ inverse.T
        half = np.sqrt(((found.boxes[:, 2:] - found.boxes[:, :2]) / 2) ** 2 @ (inverse**2).T)
        boxes = np.concatenate([middles - half, middles + half], axis=1)
        return replace(found, boxes=boxes.astype(np.float32), landmarks=landmarks.astype(np.float32))


class TurnedLooks:
    """What the detector and the verifier see in turned crops."""

    def __init__(self, detector: Detector, verifier: Verifier, proposed: float) -> None:
        """`proposed`: what the detector scores lower (0..1) is not looked at by the verifier."""
        self._detector, self._verifier, self._proposed = detector, verifier, proposed

    def find(self, rgb: RgbArray, proposed: Detections, seen: Detections) -> Detections:
        """`seen` in `rgb` (height, width, 3) uint8, and for what is doubtful there what turned crops show better.

        Best first. `proposed` are the detector's finds with its scores, `seen` the same with the verifier's.
        """
        sure = seen[seen.scores >= SURE]
        hints = proposed[(proposed.scores >= HINT) & (proposed.longer_sides >= SMALLEST_PX)]
        hints = hints[np.array([not is_among(box, sure) for box in hints.boxes], bool)][:MOST]
        for box in hints.boxes:
            best = max(self._looks(rgb, box), key=lambda found: float(found.scores.max(initial=0.0)))[:1]
            if len(best):
                rivals = overlaps(best.boxes[0], seen.boxes)[1] > SAME
                if seen.scores[rivals].max(initial=0.0) < best.scores[0]:
                    seen = Detections.concatenate([seen[~rivals], best])
        return seen

    def _looks(self, rgb: RgbArray, box: FloatArray) -> Iterator[Detections]:
        """Of each turn, what is in the middle, best first."""
        for degrees in TURNS:
            crop = turned_crop(rgb, box, degrees)
            found = self._detector.detect(crop.rgb, threshold=self._proposed)
            seen = self._verifier.scored(crop.rgb, found[_in_the_middle(found)])
            scores = 1 / (1 + np.exp(STRICTER - logit(seen.scores)))
            yield crop.back(replace(seen, scores=scores.astype(np.float32)))


def turned_crop(rgb: RgbArray, box: FloatArray, degrees: float) -> TurnedCrop:
    """A square of `CONTEXT` times the longer side of `box` around its middle, turned; black outside of the picture."""
    import cv2

    middle = (box[:2] + box[2:]).astype(np.float64) / 2
    side = max(float((box[2:] - box[:2]).max()), 1.0) * CONTEXT
    factor = CROP_PX / side
    # The corners of the turned square are further away than its sides.
    part, low, pixel = part_around(rgb, middle, side * 0.75, factor)
    angle = np.radians(degrees)
    turn = factor * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shift = CROP_PX / 2 - turn @ middle
    # OpenCV counts from the middle of the first pixel, places in pictures from its edge.
    matrix = np.column_stack([turn * pixel, turn @ (low + pixel / 2) + shift - 0.5])
    crop = cv2.warpAffine(part, matrix, (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR)
    return TurnedCrop(np.asarray(crop, np.uint8), turn.astype(np.float32), shift.astype(np.float32))


def _in_the_middle(found: Detections) -> NDArray[np.bool_]:
    side = CROP_PX / CONTEXT
    off = np.abs((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - CROP_PX / 2).max(axis=1, initial=0.0)
    sides = found.longer_sides
    return np.asarray((off < OFF_MIDDLE * side) & (sides > SMALLEST * side) & (sides < LARGEST * side))
