"""Says what a face shows: aligned crops to gender and expression scores, by the bundle's ONNX classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceannot.bundle import Bundle
from faceannot.crop_networks import open_crop_network, run
from faceannot.records import EXPRESSIONS, GENDERS, Scores

RgbArray = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

OUTPUTS = {"gender": len(GENDERS), "expression": len(EXPRESSIONS)}
# A face nearer than this (logits; scores of 0.44 to 0.56) to the border between two of the four labels is looked at
# again, a little enlarged and turned either way: or a copy of the photo, saved anew, gets another label too often.
DOUBTFUL = 0.25
ENLARGED, TURNED_DEGREES = 1.05, (-4.0, 4.0)
# A face that one look shows this far (logits) from both borders of the four labels, and from another expression, keeps
# its label with its mirror image, too, so that nobody looks at that. Every second is (model-experiments.md).
CLEAR_GENDER, CLEAR_EXPRESSION = 2.0, 1.0
_HAPPY, _SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def softmax(logits: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Probabilities along the last axis; a higher temperature makes them more even (Guo et al. 2017)."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


class Classifier:
    """The bundle's classifier.

    The network takes `crops` (n, side, side, 3) float32, red-green-blue, 0..255, and gives `gender` (n, 2) and
    `expression` (n, 7), logits in the order of `GENDERS` and `EXPRESSIONS`.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        """Load the network; `threads` is what one call may use. Raises `BundleError` if it is no such network."""
        self._session = open_crop_network(bundle.classifier, "classifier", bundle.crop_px, OUTPUTS, threads=threads)
        self._bundle = bundle

    def classify(self, crops: RgbArray) -> list[Scores]:
        """The scores of each of `crops` (n, side, side, 3) uint8, red-green-blue."""
        if not len(crops):
            return []
        gender, expression = self._looked_at(crops)
        doubtful = _doubtful(gender, expression)
        if doubtful.any():
            more = [self._looked_at(turned(crops[doubtful], degrees)) for degrees in TURNED_DEGREES]
            _add_looks((gender, expression), doubtful, more)
        genders, expressions = self._probabilities(gender, expression)
        return [
            Scores(dict(zip(GENDERS, g, strict=True)), dict(zip(EXPRESSIONS, e, strict=True)))
            for g, e in zip(genders.tolist(), expressions.tolist(), strict=True)
        ]

    def _looked_at(self, crops: RgbArray) -> tuple[FloatArray, FloatArray]:
        """The logits of `crops` (n, 2) and (n, 7), with biases; of unclear ones by their mirror images, too."""
        gender, expression = self._one_look(crops)
        unclear = ~_clear(gender, expression)
        if self._bundle.mirrored and unclear.any():
            _add_looks((gender, expression), unclear, [self._one_look(crops[unclear][:, :, ::-1])])
        return gender, expression

    def _one_look(self, crops: RgbArray) -> tuple[FloatArray, FloatArray]:
        gender, expression = logits(self._session, crops, mirrored=False)
        return gender + np.array([0.0, self._bundle.gender_bias]), expression + self._bundle.expression_biases

    def _probabilities(self, gender: FloatArray, expression: FloatArray) -> tuple[FloatArray, FloatArray]:
        by_gender, by_expression = self._bundle.temperatures
        return softmax(gender, by_gender), softmax(expression, by_expression)


def _add_looks(
    said: tuple[FloatArray, FloatArray], of: NDArray[np.bool_], more: Sequence[tuple[FloatArray, FloatArray]]
) -> None:
    """Make the logits of the faces `of` the mean of what is `said` and of `more` looks at them."""
    for head, logits_of_all in enumerate(said):
        logits_of_all[of] = np.mean([logits_of_all[of], *(look[head] for look in more)], axis=0)


def _clear(gender: FloatArray, expression: FloatArray) -> NDArray[np.bool_]:
    """Which of the faces with these logits show at one look what they show."""
    by_gender, by_emotion = _margins(gender, expression)
    second, first = np.sort(expression, axis=1)[:, -2:].T
    return np.asarray((by_gender > CLEAR_GENDER) & (np.minimum(by_emotion, first - second) > CLEAR_EXPRESSION))


def _doubtful(gender: FloatArray, expression: FloatArray) -> NDArray[np.bool_]:
    """Which of the faces with these logits could easily get another one of the four labels."""
    return np.asarray(np.minimum(*_margins(gender, expression)) < DOUBTFUL)


def _margins(gender: FloatArray, expression: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far each face with these logits is from the border of the genders, and of happy and sad."""
    return np.abs(gender[:, 0] - gender[:, 1]), np.abs(expression[:, _HAPPY] - expression[:, _SAD])


def turned(crops: RgbArray, degrees: float) -> RgbArray:
    """`crops` (n, side, side, 3), each enlarged by `ENLARGED` and turned about its middle."""
    import cv2

    side_px = crops.shape[1]
    middle = (side_px - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), degrees, ENLARGED)
    made = [
        cv2.warpAffine(crop, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for crop in crops
    ]
    return np.stack(made).astype(np.uint8)


def logits(session: Any, crops: RgbArray, *, mirrored: bool) -> tuple[FloatArray, FloatArray]:
    """What the network of `session` says of `crops`: (n, 2) and (n, 7).

    `mirrored`: the mean of that and of what it says of their mirror images.
    """
    said = _run(session, crops)
    if not mirrored:
        return said
    gender, expression = _run(session, crops[:, :, ::-1])
    return (said[0] + gender) / 2, (said[1] + expression) / 2


def _run(session: Any, crops: RgbArray) -> tuple[FloatArray, FloatArray]:
    gender, expression = run(session, OUTPUTS, crops)
    return gender.astype(np.float64), expression.astype(np.float64)
