"""Looks again at what the detector takes for a face, with its surroundings, and scores it anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from faceannot.bundle import Verification
from faceannot.crop_networks import open_crop_network, run
from faceannot.detector import Detections, overlaps, resized

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]

OUTPUTS = {"face": 1}
# A picture no longer than this is likely a face cut out of a photo, so what a find in it takes this share of a side or
# more has a logit that is higher by this. Of such faces in the training part of FER+ 0.9 % had less than 0.5 without,
# then 0.5 %; of as small parts of photos without faces 4 of 264 have as much then, instead of 1.
CUT_OUT_PX, CUT_OUT_SHARE, CUT_OUT = 128, 0.4, 1.25
# Around a face that fills its picture there is too little to judge by: where less than this share of the crop lies in
# the picture, the detector's score decides alone, at about 0.55. In larger pictures that is seldom so, for it lets the
# faces of animals through (model-experiments.md).
LEAST_SHOWN, LEAST_SHOWN_OF_CUT_OUTS, UNSEEN = 0.3, 0.5, 1.0
# A find that lies half beside a face shows that face to the network, only off the middle. So where it shares more than
# this part of the smaller box with a better find, the detector's score decides alone, too. Of 5,592 portraits 7 % had
# such a second box; the detector's score, if one looks at 110 of them, was below 0.5 for 92.
BESIDE = 0.4
# Where there are people there are more: beside other finds whose joint logits are at least this and whose sides are at
# most so many times longer or shorter, a logit is higher by the third for each e-fold of one and their number. Above
# the fourth more of them say nothing new (model-experiments.md).
SURE, ALIKE, COMPANY, MOST = 2.0, 2.0, 0.6, 2
# What shares this part of the smaller box or more is not somebody else.
SAME = 0.25
# A joint logit nearer to 0 than this (scores of 0.27 to 0.73) could change sides with another look.
DOUBTFUL = 1.0
# Crops in one run of the network: what it holds then stays in a processor's cache.
_BATCH = 64
# Of scores: their logarithms stay finite.
_EXTREME = 1e-4


class Verifier:
    """The bundle's verifier.

    The network takes `crops` (n, side, side, 3) float32, red-green-blue, 0..255, and gives `face` (n, 1), a logit.
    """

    def __init__(self, verification: Verification, *, threads: int = 1) -> None:
        """Load the network; `threads` is what one call may use. Raises `BundleError` if it is no such network."""
        self._session = open_crop_network(verification.path, "verifier", verification.side_px, OUTPUTS, threads=threads)
        self._verification = verification

    def logits(self, crops: RgbArray) -> FloatArray:
        """How much each of `crops` (n, side, side, 3) uint8, as `surroundings` cuts them, looks like a face."""
        batches = (crops[start : start + _BATCH] for start in range(0, len(crops), _BATCH))
        parts = [run(self._session, OUTPUTS, batch)[0][:, 0] for batch in batches]
        return np.concatenate([np.zeros(0, np.float32), *parts])

    def scored(self, rgb: RgbArray, found: Detections) -> Detections:
        """`found` in `rgb` (height, width, 3) uint8 with new scores, best first.

        Where those are in doubt, the mean of what is seen and of what its mirror image shows decides; beside a better
        find the detector's score alone. Finds in company are more readily faces.
        """
        crops = surroundings(rgb, found.boxes, self._verification.side_px, self._verification.context)
        shown = _can_be_judged(found, rgb.shape, self._verification.context)
        seen = np.where(shown, self.logits(crops), np.float32(UNSEEN))
        by_detector = self._by_detector(found, rgb.shape)
        by_look = self._verification.weights[0]
        doubtful = shown & (np.abs(by_look * seen + by_detector) < DOUBTFUL)
        seen[doubtful] = (seen[doubtful] + self.logits(crops[doubtful][:, :, ::-1])) / 2
        joint, alone = (np.asarray(by_look * look + by_detector, np.float32) for look in (seen, UNSEEN))
        joint = _without_neighbours(found.boxes, joint, alone)
        joint = np.clip(joint + COMPANY * np.log1p(_company(found, joint)), -50, 50)
        scores = (1 / (1 + np.exp(-joint))).astype(np.float32)
        return replace(found, scores=scores)[np.argsort(-scores, kind="stable")]

    def _by_detector(self, found: Detections, shape: tuple[int, ...]) -> FloatArray:
        """The part of the joint logits of `found` that another look does not change."""
        _, weight, offset = self._verification.weights
        return np.asarray(weight * logit(found.scores) + offset + CUT_OUT * _cut_out(found, shape))


def surroundings(rgb: RgbArray, boxes: FloatArray, side_px: int, context: float) -> RgbArray:
    """Square crops (n, side_px, side_px, 3) around `boxes` (n, 4) in pixels of `rgb`.

    Each shows `context` times the longer side of its box; what is outside of the picture is black.
    """
    crops = np.zeros((len(boxes), side_px, side_px, 3), np.uint8)
    for crop, box in zip(crops, boxes.astype(np.float64), strict=True):
        _cut(rgb, (box[:2] + box[2:]) / 2, max(float((box[2:] - box[:2]).max()), 1.0) * context, crop)
    return crops


def _can_be_judged(found: Detections, shape: tuple[int, ...], context: float) -> NDArray[np.bool_]:
    """Around which of `found` in a picture of `shape` (height, width, ...) there is enough for the network to see."""
    least = LEAST_SHOWN_OF_CUT_OUTS if max(shape[:2]) <= CUT_OUT_PX else LEAST_SHOWN
    return _shown(found, shape, context) >= least


def _without_neighbours(boxes: FloatArray, joint: FloatArray, alone: FloatArray) -> FloatArray:
    """`joint` logits of `boxes` (n, 4), but at most those by the detector `alone` beside faces that are better."""
    joint = joint.copy()
    order = np.argsort(-joint, kind="stable")
    for place, index in enumerate(order):
        if joint[index] > 0:
            worse = order[place + 1 :]
            beside = worse[overlaps(boxes[index], boxes[worse])[1] > BESIDE]
            joint[beside] = np.minimum(joint[beside], alone[beside])
    return joint


def _company(found: Detections, joint: FloatArray) -> NDArray[np.int64]:
    """How many others of about its size are surely faces, for each of `found` (n), at most `MOST`."""
    sides = np.log(np.maximum(found.longer_sides, 1))
    sure = joint >= SURE
    alike = np.abs(sides[:, None] - sides[sure]) < np.log(ALIKE)
    others = np.array([overlaps(box, found.boxes[sure])[1] < SAME for box in found.boxes], bool).reshape(alike.shape)
    return np.asarray(np.minimum((alike & others).sum(axis=1), MOST))


def _shown(found: Detections, shape: tuple[int, ...], context: float) -> FloatArray:
    """What share of the crop around each of `found` lies in a picture of `shape` (height, width, ...)."""
    middles = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    half = np.maximum(found.longer_sides, 1)[:, None] * np.float32(context / 2)
    last = np.array([shape[1], shape[0]], np.float32)
    inside = np.clip(middles + half, 0, last) - np.clip(middles - half, 0, last)
    return np.asarray(inside.prod(axis=1) / (2 * half[:, 0]) ** 2)


def _cut_out(found: Detections, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which of `found` make a picture of `shape` (height, width, ...) look like a face cut out of a photo."""
    return np.asarray((found.longer_sides >= CUT_OUT_SHARE * min(shape[:2])) & (max(shape[:2]) <= CUT_OUT_PX))


def _cut(rgb: RgbArray, middle: NDArray[np.float64], side: float, crop: RgbArray) -> None:
    """Fill `crop` with the square of `side` pixels around `middle`, averaging where it gets much smaller."""
    import cv2

    factor = len(crop) / side
    part, low, pixel = part_around(rgb, middle, side / 2, factor)
    scale = factor * pixel
    # OpenCV counts from the middle of the first pixel, boxes from its edge.
    shift = len(crop) / 2 - (middle - low) * factor + scale / 2 - 0.5
    matrix = np.array([[scale[0], 0.0, shift[0]], [0.0, scale[1], shift[1]]])
    cv2.warpAffine(part, matrix, (len(crop), len(crop)), dst=crop, flags=cv2.INTER_LINEAR)


def part_around(
    rgb: RgbArray, middle: NDArray[np.float64], reach: float, factor: float
) -> tuple[RgbArray, NDArray[np.int64], NDArray[np.float64]]:
    """What lies up to `reach` from `middle` (x, y), small enough to be interpolated at `factor` times its size.

    Also returns its upper left corner in `rgb` (height, width, 3) and the width and height of one of its pixels there.
    """
    last = np.array([rgb.shape[1], rgb.shape[0]])
    # One pixel more, which interpolation at the edge looks at.
    low = np.clip(np.floor(middle - reach) - 1, 0, last - 1).astype(int)
    high = np.clip(np.ceil(middle + reach) + 1, low + 1, last).astype(int)
    part = rgb[low[1] : high[1], low[0] : high[0]]
    # Interpolation looks at four pixels; so it must not make less than half of them.
    small = resized(part, 2 * factor) if factor < 0.5 else part
    return small, low, np.array([part.shape[1] / small.shape[1], part.shape[0] / small.shape[0]])


def is_among(box: FloatArray, faces: Detections) -> bool:
    """Whether `box` (4,) is that of one of `faces`."""
    return bool(len(faces) and overlaps(box, faces.boxes)[1].max() > SAME)


def logit(scores: FloatArray) -> FloatArray:
    """The logits of scores 0..1, none of them infinite."""
    clipped = np.clip(scores, _EXTREME, 1 - _EXTREME)
    return np.asarray(np.log(clipped / (1 - clipped)))
