"""Annotators of several bundles that share what they find: a picture is searched for faces once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceannot.annotator import Annotator
from faceannot.bundle import file_sha256, load_bundle
from faceannot.detector import Detections, Detector


class RememberingFinder:
    """A detector that keeps what it found in each picture, and knows a picture by its pixels."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._found: dict[tuple[object, ...], Detections] = {}

    def find(
        self, rgb: NDArray[np.uint8], *, threshold: float, smallest_px: float = 0.0, sizes_px: tuple[int, int]
    ) -> Detections:
        """As `Detector.find`."""
        key = blake2b(rgb.tobytes()).digest(), rgb.shape, threshold, smallest_px, sizes_px
        if key not in self._found:
            self._found[key] = self._detector.find(rgb, threshold=threshold, smallest_px=smallest_px, sizes_px=sizes_px)
        return self._found[key]


def sharing_annotators(folders: Sequence[Path | None], *, threads: int | None) -> list[Annotator]:
    """An annotator for each bundle (None: the one that comes with faceannot); equal detectors are one.

    They find just what each of them would find alone.
    """
    finders: dict[str, RememberingFinder] = {}
    annotators = []
    for folder in folders:
        detector = load_bundle(folder).detector
        finder = finders.setdefault(file_sha256(detector), RememberingFinder(Detector(detector)))
        annotators.append(Annotator(model=folder, threads=threads, finder=finder))
    return annotators
