"""Temperatures and the balance of women and men."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceannot.datasets.example import Example, one_hot
from faceannot.records import EXPRESSIONS, Expression
from faceannot.training.bundling import calibrate
from faceannot.training.calibration import balanced_bias, expression_biases, temperature


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


def test_biases_take_back_that_rare_expressions_were_drawn_more_often() -> None:
    random = np.random.default_rng(5)
    logits = random.normal(0, 1.0, (20000, 7))
    true_biases = np.array([0.9, 0.3, 0.3, -0.2, -0.5, -1.0, 0.2])
    chances = np.exp(logits + true_biases)
    chances /= chances.sum(axis=1, keepdims=True)
    shown = (random.random((20000, 1)) < chances.cumsum(axis=1)).argmax(axis=1)
    found = expression_biases(logits, np.eye(7)[shown], ["rafdb"] * 20000)
    assert found == pytest.approx(true_biases, abs=0.08)


def test_biases_do_not_move_happy_against_sad() -> None:
    random = np.random.default_rng(6)
    logits, shown = random.normal(0, 1, (500, 7)), np.full(500, 1)
    biases = expression_biases(logits, np.eye(7)[shown], ["ferplus"] * 500)
    assert biases[1] == pytest.approx(biases[2])
    assert biases[1] > biases[0]


def test_a_large_source_weighs_no_more_than_a_small_one() -> None:
    logits = np.zeros((1010, 7))
    shown = np.array([0] * 1000 + [3] * 10)
    biases = expression_biases(logits, np.eye(7)[shown], ["large"] * 1000 + ["small"] * 10)
    assert biases[0] == pytest.approx(biases[3])


def test_pictures_like_nobodys_photos_do_not_count_unless_there_are_no_others() -> None:
    random = np.random.default_rng(7)
    logits = [random.normal(0, 1, (400, 2)).astype(np.float32), random.normal(0, 1, (400, 7)).astype(np.float32)]
    photos = [face("rafdb", n, "happy" if n % 3 else "sad") for n in range(200)]
    masked = [face("affectnet-masked", n, "fear") for n in range(200)]
    alone = calibrate([part[:200] for part in logits], photos)
    assert calibrate(logits, photos + masked) == alone
    fearful = calibrate([part[200:] for part in logits], masked).expression_biases
    assert max(range(7), key=lambda place: fearful[place]) == EXPRESSIONS.index("fear")


def face(source: str, number: int, expression: Expression) -> Example:
    return Example(source, str(number), Path(f"{number}.png"), "validation", expression=one_hot(expression))
