"""What is known of many faces at once, as arrays: from people's labels, and from models that add what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.example import Example
from faceannot.records import EXPRESSIONS

IntArray = NDArray[np.int64]
UNKNOWN = -1
_HAPPY, _SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of n faces; -1 where one is not known.

    `gender` (n,): 0 male, 1 female. `emotion` (n,): 0 sad, 1 happy; a face that shows another expression has none.
    `expression` (n, 7): shares in the order of `EXPRESSIONS`, all 0 where not known.
    """

    gender: IntArray
    emotion: IntArray
    expression: NDArray[np.float32]

    @property
    def label(self) -> IntArray:
        """(n,) places in `LABELS`."""
        both = (self.gender != UNKNOWN) & (self.emotion != UNKNOWN)
        return np.where(both, 2 * (1 - self.emotion) + self.gender, UNKNOWN)

    def known(self, what: Literal["gender", "emotion", "expression", "label", "any"]) -> NDArray[np.bool_]:
        """(n,) whether that label is there; `any`: a gender or an expression."""
        if what == "expression":
            return np.asarray(self.expression.any(axis=1))
        if what == "any":
            return self.known("gender") | self.known("expression") | self.known("emotion")
        numbers = {"gender": self.gender, "emotion": self.emotion, "label": self.label}[what]
        return np.asarray(numbers != UNKNOWN)

    def at(self, indices: IntArray) -> Labels:
        return Labels(self.gender[indices], self.emotion[indices], self.expression[indices])


def labels_of(examples: Sequence[Example]) -> Labels:
    """What people said of `examples`."""
    numbers = {None: UNKNOWN, "male": 0, "female": 1}
    gender = np.array([numbers[example.gender] for example in examples], np.int64)
    missing = (0.0,) * len(EXPRESSIONS)
    expression = np.array([example.expression or missing for example in examples], np.float32)
    expression = expression.reshape(-1, len(EXPRESSIONS))
    likeliest = np.where(expression.any(axis=1), expression.argmax(axis=1), UNKNOWN)
    emotion = np.select([likeliest == _HAPPY, likeliest == _SAD], [1, 0], UNKNOWN)
    return Labels(gender, emotion.astype(np.int64), expression)
