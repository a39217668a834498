"""What finds the faces of a picture: the bundle's detector, which proposes, and its verifier, which decides."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceannot.bundle import Bundle
from faceannot.detector import Detections, Detector
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
        """As `Detector.find`, by the verifier's scores, and turned faces, too."""
        proposed = self._detector.find(rgb, threshold=self._proposed, smallest_px=smallest_px, sizes_px=sizes_px)
        found = self._turned.find(rgb, proposed, self._verifier.scored(rgb, proposed))
        return found[found.scores >= threshold]


def face_finder(bundle: Bundle) -> FaceFinder:
    """What finds faces for `bundle`: its detector, with its verifier where it has one."""
    detector = Detector(bundle.detector)
    if bundle.verification is None:
        return detector
    return VerifiedDetector(detector, Verifier(bundle.verification), bundle.verification.proposed)
