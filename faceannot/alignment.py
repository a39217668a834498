"""Photo and landmarks to the aligned square crop that the classifier sees, in training and in labelling alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]

# Eyes, nose tip and mouth corners of a frontal face, left to right in the picture, in units of the eye distance
# from the point between the eyes: the ArcFace template (Deng et al. 2019), made symmetric.
FRONTAL = np.array(
    [(-0.5, 0.0), (0.5, 0.0), (0.0, 0.571), (-0.414, 1.155), (0.414, 1.155)],
    dtype=np.float64,
)


@dataclass(frozen=True, slots=True)
class Template:
    """Where the landmarks of an aligned face lie in a square crop.

    `eye_distance`: distance of the eyes as a share of the crop's side, 0..1.
    `eye_height`: distance of the eyes from the upper edge as a share of the crop's side, 0..1.
    """

    eye_distance: float = 0.32
    eye_height: float = 0.4314

    def points(self, side_px: int) -> NDArray[np.float64]:
        """The five landmark positions (5, 2), x and y in pixels, for a crop of `side_px` pixels."""
        return (FRONTAL * self.eye_distance + (0.5, self.eye_height)) * side_px - 0.5


@lru_cache(maxsize=1)
def _cv2() -> Any:
    import cv2

    return cv2


def similarity(source: FloatArray, target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2x3 matrix that turns, scales and moves `source` (n, 2) as near to `target` (n, 2) as possible.

    Least squares without reflection (Umeyama 1991). Coinciding source points give a matrix of scale 0.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    a = source.astype(np.float64) - source_mean
    b = target - target_mean
    norm = float((a * a).sum())
    if norm == 0.0:
        return np.array([[0.0, 0.0, target_mean[0]], [0.0, 0.0, target_mean[1]]])
    cosine = float((a * b).sum()) / norm
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / norm
    linear = np.array([[cosine, -sine], [sine, cosine]])
    shift = target_mean - linear @ source_mean
    return np.column_stack([linear, shift])


def align(rgb: RgbArray, landmarks: FloatArray, side_px: int, template: Template) -> RgbArray:
    """Cut the aligned crop of one face.

    `rgb`: photo (height, width, 3), uint8.
    `landmarks`: (5, 2) x and y in pixels of that photo: the eye, the other eye, nose tip, the mouth corners, each
    pair left to right as the face is upright.
    Returns (side_px, side_px, 3) uint8; what lies outside the photo is black. Averages over areas when the
    face is larger than the crop, so that no detail turns into noise.
    """
    matrix = similarity(landmarks, template.points(side_px))
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    cv2 = _cv2()
    if 0.0 < scale < 0.5:
        rgb, matrix = _shrunk_around(rgb, matrix, scale, side_px)
    return np.asarray(
        cv2.warpAffine(rgb, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT),
        dtype=np.uint8,
    )


def _shrunk_around(
    rgb: RgbArray, matrix: NDArray[np.float64], scale: float, side_px: int
) -> tuple[RgbArray, NDArray[np.float64]]:
    """Shrink the part of the photo that the crop covers, because bilinear sampling below half size aliases."""
    inverse = np.linalg.inv(matrix[:, :2])
    corners = np.array([(0, 0), (side_px, 0), (0, side_px), (side_px, side_px)], dtype=np.float64)
    covered = (corners - matrix[:, 2]) @ inverse.T
    height, width = rgb.shape[:2]
    left, top = np.clip(np.floor(covered.min(axis=0)).astype(int) - 2, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(covered.max(axis=0)).astype(int) + 2, (left + 1, top + 1), (width, height))
    part = rgb[top:bottom, left:right]
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    small = _cv2().resize(part, size, interpolation=_cv2().INTER_AREA)
    factor = np.array([size[0] / (right - left), size[1] / (bottom - top)])
    linear = matrix[:, :2] / factor
    # Pixel centres: small = (big - corner + 0.5) * factor - 0.5.
    origin = np.array([left, top]) + 0.5 / factor - 0.5
    return small, np.column_stack([linear, matrix[:, :2] @ origin + matrix[:, 2]])
