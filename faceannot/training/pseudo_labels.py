"""Labels that a trained model adds to faces of which people did not say them (Lee 2013)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot.classifier import softmax
from faceannot.records import EXPRESSIONS
from faceannot.training.batches import predict
from faceannot.training.fit import CropPool
from faceannot.training.heads import interface
from faceannot.training.labels import UNKNOWN, IntArray, Labels
from faceannot.training.recipe import LABELLERS, HeadName

_HAPPY_SAD = [EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")]


@dataclass(frozen=True, slots=True)
class Added:
    """How many labels of one kind were added, and how many faces were left without one."""

    kind: str
    added: int
    left_out: int


def add_labels(
    labels: Labels, model: keras.Model, head: HeadName, pool: CropPool, side_px: int, confidence: float, among: IntArray
) -> tuple[Labels, list[Added]]:
    """`labels` with what `model` says of the faces `among` whose gender or emotion is missing, if it is sure enough.

    A face whose expression people said, and it is neither happy nor sad, gets no emotion.
    """
    chosen = np.zeros(len(labels.gender), bool)
    chosen[among] = True
    counts = []
    for kind in LABELLERS[head]:
        said = labels.known("gender") if kind == "gender" else labels.known("emotion") | labels.known("expression")
        missing = chosen & ~said
        found = np.flatnonzero(missing)
        scores = _scores(model, head, kind, pool, found, side_px)
        sure = scores.max(axis=1) >= confidence
        values = np.where(sure, scores.argmax(axis=1), UNKNOWN)
        labels = _with(labels, kind, found, values)
        counts.append(Added(kind, int(sure.sum()), int((~sure).sum())))
    return labels, counts


def _with(labels: Labels, kind: str, rows: IntArray, values: IntArray) -> Labels:
    changed = (labels.gender if kind == "gender" else labels.emotion).copy()
    changed[rows] = values
    return replace(labels, gender=changed) if kind == "gender" else replace(labels, emotion=changed)


def _scores(
    model: keras.Model, head: HeadName, kind: str, pool: CropPool, rows: IntArray, side_px: int
) -> NDArray[np.float64]:
    """(n, 2) probabilities of male and female, or of sad and happy."""
    gender, expression = predict(interface(model, head), pool, rows, side_px)
    logits = gender if kind == "gender" else expression[:, _HAPPY_SAD[::-1]]
    return softmax(logits.astype(np.float64), 1.0)
