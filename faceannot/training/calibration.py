"""Makes the classifier's scores mean what they say: temperatures, and biases between women and men and expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceannot.records import EXPRESSIONS

FloatArray = NDArray[np.float64]
_EMOTIONAL = [EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")]
# Enough for five decimals on a convex problem of seven numbers.
_DESCENTS, _RATE = 500, 2.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What labelling does to the logits: biases are added, then each head is divided by its temperature."""

    gender_temperature: float
    expression_temperature: float
    gender_bias: float
    expression_biases: tuple[float, ...]


def temperature(logits: FloatArray, targets: FloatArray) -> float:
    """The divisor of `logits` (n, k) with the least cross-entropy to `targets` (n, k) (Guo et al. 2017)."""
    candidates = np.exp(np.linspace(np.log(0.3), np.log(3.0), 231))
    return float(min(candidates, key=lambda divisor: _cross_entropy(logits / divisor, targets)))


def balanced_bias(logits: FloatArray, is_female: NDArray[np.bool_]) -> float:
    """What to add to the logit of `female`, of logits (n, 2), so that women and men are recognised alike often."""
    margin = logits[:, 1] - logits[:, 0]
    candidates = np.linspace(-2.0, 2.0, 401)

    def gap(bias: float) -> tuple[float, float]:
        women, men = (margin[is_female] + bias > 0).mean(), (margin[~is_female] + bias <= 0).mean()
        return abs(float(women - men)), abs(bias)

    return float(min(candidates, key=gap))


def expression_biases(logits: FloatArray, targets: FloatArray, sources: Sequence[str]) -> FloatArray:
    """What to add to logits (n, 7) so that expressions are named as often as targets (n, 7) show them.

    The least cross-entropy, with all `sources` (n) weighing the same. Training draws rare expressions more often than
    they occur, and this takes that back (Saerens et al. 2002). Happy and sad get the same: emotions do not move.
    """
    names = np.asarray(sources)
    weights = 1.0 / np.array([(names == name).sum() for name in names]) / len(set(sources))
    biases = np.zeros(logits.shape[1])
    for _ in range(_DESCENTS):
        slope = ((_shares(logits + biases) - targets) * weights[:, None]).sum(axis=0)
        slope[_EMOTIONAL] = slope[_EMOTIONAL].mean()
        biases -= _RATE * slope
    return np.asarray(biases - biases.mean())


def _shares(logits: FloatArray) -> FloatArray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _cross_entropy(logits: FloatArray, targets: FloatArray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_shares = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-(targets * log_shares).sum(axis=1).mean())
