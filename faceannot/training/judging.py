"""How often a trained model is right on faces that it has not seen, by what people said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.example import Example
from faceannot.records import EXPRESSIONS, GENDERS, LABELS
from faceannot.training.labels import UNKNOWN, IntArray, labels_of
from faceannot.training.recipe import HeadName

FloatArray = NDArray[np.float64]
KINDS: dict[HeadName, tuple[str, ...]] = {
    "gender": ("gender",),
    "emotion": ("emotion",),
    "label": ("label", "gender", "emotion"),
    "multitask": ("gender", "expression", "emotion", "label"),
}
CLASSES: dict[str, tuple[str, ...]] = {
    "gender": GENDERS,
    "emotion": ("sad", "happy"),
    "label": LABELS,
    "expression": EXPRESSIONS,
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What people said (`truth`) and what the model said (`said`) of one kind of label: (n,) places in `classes`.

    `rows` (n,): which of the judged faces they are; `gender` (n,): 0 male, 1 female, -1 unknown.
    """

    kind: str
    classes: tuple[str, ...]
    truth: IntArray
    said: IntArray
    rows: IntArray
    gender: IntArray

    @property
    def confusion(self) -> IntArray:
        """(classes, classes): people's class by row, the model's by column."""
        counts = np.zeros((len(self.classes), len(self.classes)), np.int64)
        np.add.at(counts, (self.truth, self.said), 1)
        return counts

    def at(self, places: IntArray) -> Judgement:
        """Of the faces at `places` of its own."""
        parts = (part[places] for part in (self.truth, self.said, self.rows, self.gender))
        return Judgement(self.kind, self.classes, *parts)

    def figures(self) -> dict[str, Any]:
        """Accuracy, mean recall of the classes, the recall of each, and the accuracy among women and among men."""
        right = self.truth == self.said
        recalls = {name: _mean(right[self.truth == place]) for place, name in enumerate(self.classes)}
        known = [recall for recall in recalls.values() if recall is not None]
        people = {"women": 1, "men": 0}
        return {
            "faces": len(right),
            "accuracy": _mean(right),
            "balanced_accuracy": round(float(np.mean(known)), 4),
            "recall": recalls,
            "accuracy_by_gender": {name: _mean(right[self.gender == place]) for name, place in people.items()},
        }


def judge(examples: Sequence[Example], gender: FloatArray, expression: FloatArray, head: HeadName) -> list[Judgement]:
    """Judgements of each kind of label that `head` gives and people gave, from the logits of the bundle's outputs."""
    labels = labels_of(examples)
    happy, sad = (expression[:, EXPRESSIONS.index(name)] for name in ("happy", "sad"))
    says_female, says_happy = gender.argmax(axis=1), (happy >= sad).astype(np.int64)
    known_expression = labels.known("expression")
    truths = {
        "gender": labels.gender,
        "emotion": labels.emotion,
        "label": labels.label,
        "expression": np.where(known_expression, labels.expression.argmax(axis=1), UNKNOWN),
    }
    said = {
        "gender": says_female,
        "emotion": says_happy,
        "label": 2 * (1 - says_happy) + says_female,
        "expression": expression.argmax(axis=1),
    }
    made = []
    for kind in KINDS[head]:
        rows = np.flatnonzero(truths[kind] != UNKNOWN)
        if len(rows):
            truth, answer = truths[kind][rows], said[kind][rows]
            made.append(Judgement(kind, CLASSES[kind], truth, answer, rows, labels.gender[rows]))
    return made


def _mean(right: NDArray[np.bool_]) -> float | None:
    return round(float(right.mean()), 4) if len(right) else None
