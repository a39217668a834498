"""Looks again at what the detector takes for a face, with its surroundings, and scores it anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceannot.bundle import Bundle, Verification
from faceannot.detector import Detections, Detector, FaceFinder, resized
from faceannot.errors import BundleError
from faceannot.onnx_files import open_network

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]

INPUT, OUTPUT = "crops", "face"
# Around a face that fills its picture there is too little to judge by: where less than this share of the crop lies in
# the picture, the detector's score decides alone, at about 0.55.
LEAST_SHOWN, UNSEEN = 0.5, 1.0
# Crops in one run of the network: what it holds then stays in a processor's cache.
_BATCH = 64
# Of scores: their logarithms stay finite.
_EXTREME = 1e-4


class Verifier:
    """The bundle's verifier.

    The network takes `crops` (n, side, side, 3) float32, red-green-blue, 0..255, and gives `face` (n, 1), a logit.
    """

    def __init__(self, bundle: Verification, *, threads: int = 1) -> None:
        """Load the network; `threads` is what one call may use. Raises `BundleError` if it is no such network."""
        self._session = open_network(bundle.path, "verifier", threads=threads)
        self._bundle = bundle
        _check(self._session, bundle)

    def logits(self, crops: RgbArray) -> FloatArray:
        """How much each of `crops` (n, side, side, 3) uint8, as `surroundings` cuts them, looks like a face."""
        parts = [
            self._session.run([OUTPUT], {INPUT: crops[start : start + _BATCH].astype(np.float32)})[0][:, 0]
            for start in range(0, len(crops), _BATCH)
        ]
        return np.concatenate([np.zeros(0, np.float32), *parts])

    def scored(self, rgb: RgbArray, found: Detections) -> Detections:
        """`found` in `rgb` (height, width, 3) uint8 with new scores, best first."""
        seen = self.logits(surroundings(rgb, found.boxes, self._bundle.side_px, self._bundle.context))
        seen[_shown(found.boxes, rgb.shape, self._bundle.context) < LEAST_SHOWN] = UNSEEN
        by_look, by_detector, offset = self._bundle.weights
        logits = by_look * seen + by_detector * logit(found.scores) + offset
        scores = (1 / (1 + np.exp(-np.clip(logits, -50, 50)))).astype(np.float32)
        return replace(found, scores=scores)[np.argsort(-scores, kind="stable")]


class VerifiedDetector:
    """A detector that proposes, and a verifier that decides."""

    def __init__(self, detector: Detector, verifier: Verifier, proposed: float) -> None:
        """`proposed`: what the detector scores lower (0..1) is not looked at again."""
        self._detector, self._verifier, self._proposed = detector, verifier, proposed

    def find(
        self, rgb: RgbArray, *, threshold: float, smallest_px: float = 0.0, sizes_px: tuple[int, int]
    ) -> Detections:
        """As `Detector.find`, by the verifier's scores."""
        found = self._detector.find(rgb, threshold=self._proposed, smallest_px=smallest_px, sizes_px=sizes_px)
        found = self._verifier.scored(rgb, found)
        return found[found.scores >= threshold]


def face_finder(bundle: Bundle) -> FaceFinder:
    """What finds faces for `bundle`: its detector, with its verifier where it has one."""
    detector = Detector(bundle.detector)
    if bundle.verification is None:
        return detector
    return VerifiedDetector(detector, Verifier(bundle.verification), bundle.verification.proposed)


def surroundings(rgb: RgbArray, boxes: FloatArray, side_px: int, context: float) -> RgbArray:
    """Square crops (n, side_px, side_px, 3) around `boxes` (n, 4) in pixels of `rgb`.

    Each shows `context` times the longer side of its box; what is outside of the picture is black.
    """
    crops = np.zeros((len(boxes), side_px, side_px, 3), np.uint8)
    for crop, box in zip(crops, boxes.astype(np.float64), strict=True):
        _cut(rgb, (box[:2] + box[2:]) / 2, max(float((box[2:] - box[:2]).max()), 1.0) * context, crop)
    return crops


def _shown(boxes: FloatArray, shape: tuple[int, ...], context: float) -> FloatArray:
    """The share of the crop around each of `boxes` (n, 4) that lies in a picture of `shape` (height, width, ...)."""
    middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=1.0)
    half = sides[:, None] * np.float32(context / 2)
    last = np.array([shape[1], shape[0]], np.float32)
    inside = np.clip(middles + half, 0, last) - np.clip(middles - half, 0, last)
    return np.asarray(inside.prod(axis=1) / (2 * half[:, 0]) ** 2)


def _cut(rgb: RgbArray, middle: NDArray[np.float64], side: float, crop: RgbArray) -> None:
    """Fill `crop` with the square of `side` pixels around `middle`, averaging where it gets much smaller."""
    import cv2

    last = np.array([rgb.shape[1], rgb.shape[0]])
    # One pixel more, which interpolation at the edge looks at.
    low = np.clip(np.floor(middle - side / 2) - 1, 0, last - 1).astype(int)
    high = np.clip(np.ceil(middle + side / 2) + 1, low + 1, last).astype(int)
    part = rgb[low[1] : high[1], low[0] : high[0]]
    factor = len(crop) / side
    # Interpolation looks at four pixels; so it must not make less than half of them.
    small = resized(part, 2 * factor) if factor < 0.5 else part
    scale = factor * np.array([part.shape[1] / small.shape[1], part.shape[0] / small.shape[0]])
    # OpenCV counts from the middle of the first pixel, boxes from its edge.
    shift = len(crop) / 2 - (middle - low) * factor + scale / 2 - 0.5
    matrix = np.array([[scale[0], 0.0, shift[0]], [0.0, scale[1], shift[1]]])
    cv2.warpAffine(small, matrix, (len(crop), len(crop)), dst=crop, flags=cv2.INTER_LINEAR)


def logit(scores: FloatArray) -> FloatArray:
    """The logits of scores 0..1, none of them infinite."""
    clipped = np.clip(scores, _EXTREME, 1 - _EXTREME)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _check(session: Any, bundle: Verification) -> None:
    """Refuse a network that does not take and give what the class says, tried on a black crop."""
    inputs = [put.name for put in session.get_inputs()]
    outputs = [put.name for put in session.get_outputs()]
    if inputs != [INPUT] or OUTPUT not in outputs:
        raise BundleError(
            f"{bundle.path}: takes {', '.join(inputs)} and gives {', '.join(outputs)}, expected {INPUT} and {OUTPUT}"
        )
    black = np.zeros((2, bundle.side_px, bundle.side_px, 3), np.float32)
    try:
        said = session.run([OUTPUT], {INPUT: black})[0]
    except Exception as error:
        raise BundleError(f"{bundle.path}: breaks on black crops: {error}") from error
    if said.shape != (2, 1) or not np.isfinite(said).all():
        raise BundleError(f"{bundle.path}: for two crops, `{OUTPUT}` has to be (2, 1) finite numbers")
