"""Says what a face shows: aligned crops to gender and expression scores, by the bundle's ONNX classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceannot.bundle import Bundle
from faceannot.crop_networks import open_crop_network, run
from faceannot.records import EXPRESSIONS, GENDERS, Scores

RgbArray = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

OUTPUTS = {"gender": len(GENDERS), "expression": len(EXPRESSIONS)}


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
        genders, expressions = self._probabilities(*logits(self._session, crops, mirrored=self._bundle.mirrored))
        return [
            Scores(dict(zip(GENDERS, g, strict=True)), dict(zip(EXPRESSIONS, e, strict=True)))
            for g, e in zip(genders.tolist(), expressions.tolist(), strict=True)
        ]

    def _probabilities(self, gender: FloatArray, expression: FloatArray) -> tuple[FloatArray, FloatArray]:
        return (
            softmax(gender + np.array([0.0, self._bundle.gender_bias]), self._bundle.temperatures[0]),
            softmax(expression + self._bundle.expression_biases, self._bundle.temperatures[1]),
        )


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
