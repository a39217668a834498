"""Temperatures and the balance of women and men."""

from __future__ import annotations

import numpy as np
import pytest

from faceannot.training.calibration import balanced_bias, temperature


def drawn(count: int = 20000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and targets drawn with just their probabilities."""
    random = np.random.default_rng(4)
    logits = random.normal(0, 1.5, (count, 2))
    female = random.random(count) < 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    return logits, np.stack([~female, female], axis=1).astype(float)


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.8])
def test_temperature_takes_back_what_the_logits_were_multiplied_by(scale: float) -> None:
    logits, targets = drawn()
    assert temperature(logits * scale, targets) == pytest.approx(scale, rel=0.06)


def test_bias_makes_women_and_men_found_alike_often() -> None:
    logits, targets = drawn()
    is_female = targets[:, 1] == 1
    shifted = logits + np.array([0.7, 0.0])
    margin = shifted[:, 1] - shifted[:, 0] + balanced_bias(shifted, is_female)
    assert (margin[is_female] > 0).mean() == pytest.approx((margin[~is_female] <= 0).mean(), abs=0.01)
