"""Annotators of several bundles that share what they find: a picture is searched for faces once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceannot.annotator import Annotator
from faceannot.bundle import load_bundle
from faceannot.detector import Detections
from faceannot.finder import FaceFinder, face_finder


class RememberingFinder:
    """A finder that keeps what it found in each picture, and knows a picture by its pixels."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._found: dict[tuple[object, ...], Detections] = {}

    def find(
        self, rgb: NDArray[np.uint8], *, threshold: float, smallest_px: float = 0.0, sizes_px: tuple[int, int]
    ) -> Detections:
        """As `Detector.find`."""
        key = blake2b(rgb.tobytes()).digest(), rgb.shape, threshold, smallest_px, sizes_px
        if key not in self._found:
            self._found[key] = self._finder.find(rgb, threshold=threshold, smallest_px=smallest_px, sizes_px=sizes_px)
        return self._found[key]


def sharing_annotators(folders: Sequence[Path | None], *, threads: int | None) -> list[Annotator]:
    """An annotator for each bundle (None: the one that comes with faceannot); equal detectors are one.

    They find just what each of them would find alone.
    """
    finders: dict[tuple[object, ...], RememberingFinder] = {}
    annotators = []
    for folder in folders:
        bundle = load_bundle(folder)
        verification = bundle.verification and replace(bundle.verification, path=Path())
        key = bundle.detector_sha256, verification
        if key not in finders:
            finders[key] = RememberingFinder(face_finder(bundle))
        annotators.append(Annotator(model=folder, threads=threads, finder=finders[key]))
    return annotators
