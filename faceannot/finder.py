"""What finds the faces of a picture: the bundle's detector, which proposes, and its verifier, which decides."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceannot.bundle import Bundle
from faceannot.detector import Detections, Detector
from faceannot.side_looks import PROPOSED, SIZE_PX, best_side, sure_faces, turned, turned_back, with_upright
from faceannot.turned_looks import TurnedLooks
from faceannot.verifier import Verifier

RgbArray = NDArray[np.uint8]


class FaceFinder(Protocol):
    """What finds the faces of a picture; see `Detector.find`."""

    def find(
        self, rgb: RgbArray, *, threshold: float, smallest_px: float = 0.0, sizes_px: tuple[int, int]
    ) -> Detections: ...


class VerifiedDetector:
    """A detector that proposes, and a verifier that decides."""

    def __init__(self, detector: Detector, verifier: Verifier, proposed: float) -> None:
        """`proposed`: what the detector scores lower (0..1) is not looked at again."""
        self._detector, self._verifier, self._proposed = detector, verifier, proposed
        self._turned = TurnedLooks(detector, verifier, proposed)

    def find(
        self, rgb: RgbArray, *, threshold: float, smallest_px: float = 0.0, sizes_px: tuple[int, int]
    ) -> Detections:
        """As `Detector.find`, by the verifier's scores, and turned faces, too, also in photos that are not upright."""
        found, sure = self._find(rgb, smallest_px, sizes_px)
        # Who is seen at first sight from a side lies there more likely than somebody whom only a turned crop shows.
        quarters = 0 if sure else best_side(rgb, max(1, sure_faces(found)), self._glance)
        if quarters:
            on_side, _ = self._find(turned(rgb, quarters), smallest_px, sizes_px)
            on_side = turned_back(on_side, quarters, rgb.shape)
            found = with_upright(on_side[on_side.scores >= threshold], found)
        # In a turned crop a face may be smaller than what hinted at it.
        return found[(found.scores >= threshold) & (found.longer_sides >= smallest_px)]

    def _find(self, rgb: RgbArray, smallest_px: float, sizes_px: tuple[int, int]) -> tuple[Detections, int]:
        """Faces in `rgb` as it is, best first, and how many were sure before anything was turned."""
        proposed = self._detector.find(rgb, threshold=self._proposed, smallest_px=smallest_px, sizes_px=sizes_px)
        seen = self._verifier.scored(rgb, proposed)
        return self._turned.find(rgb, proposed, seen), sure_faces(seen)

    def _glance(self, rgb: RgbArray) -> Detections:
        """The faces that are plain in `rgb` at a small size."""
        proposed = self._detector.find(rgb, threshold=PROPOSED, sizes_px=(SIZE_PX, SIZE_PX))
        return self._verifier.scored(rgb, proposed)


def face_finder(bundle: Bundle) -> FaceFinder:
    """What finds faces for `bundle`: its detector, with its verifier where it has one."""
    detector = Detector(bundle.detector)
    if bundle.verification is None:
        return detector
    return VerifiedDetector(detector, Verifier(bundle.verification), bundle.verification.proposed)
