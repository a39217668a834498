"""Makes the classifier's scores mean what they say: temperatures and the bias between women and men."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What labelling does to the logits: `gender_bias` is added to `female`, then each head is divided by its own."""

    gender_temperature: float
    expression_temperature: float
    gender_bias: float


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


def _cross_entropy(logits: FloatArray, targets: FloatArray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_shares = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-(targets * log_shares).sum(axis=1).mean())
