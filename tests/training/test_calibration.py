"""Temperatures and the balance of women and men."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from faceannot.datasets.cropping import CROP_PX
from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.prepare import Prepared
from faceannot.records import EXPRESSIONS, Expression, Gender
from faceannot.training.augmentation import strength_of
from faceannot.training.bundle_calibration import calibrate, calibrate_classifier
from faceannot.training.calibration import Calibration, balanced_bias, expression_biases, temperature
from faceannot.training.fit import CropPool
from tests import fakes


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
    alone = calibrate([part[:200] for part in logits], photos, 0.0)
    assert calibrate(logits, photos + masked, 0.0) == alone
    fearful = calibrate([part[200:] for part in logits], masked, 0.0).expression_biases
    assert max(range(7), key=lambda place: fearful[place]) == EXPRESSIONS.index("fear")


def face(source: str, number: int, expression: Expression) -> Example:
    return Example(source, str(number), Path(f"{number}.png"), "validation", expression=one_hot(expression))


def grown_up(blue: int, gender: Gender, number: int) -> tuple[np.ndarray, Example]:
    """A face whose margin for `female` the fake classifier sees as a fifth of its blue, less 6."""
    crop = np.zeros((CROP_PX, CROP_PX, 3), np.uint8)
    crop[:, :, 2] = blue
    one = Example("utkface", str(number), Path(f"{number}.png"), "validation", gender=gender, age=30)
    return crop, replace(one, expression=one_hot("happy" if number % 2 else "sad"))


@pytest.fixture
def faces() -> list[tuple[np.ndarray, Example]]:
    """Women whom the fake classifier takes for men by a margin of 1, and men."""
    return [grown_up(25 if number % 2 else 5, "female" if number % 2 else "male", number) for number in range(8)]


def calibrated(faces: list[tuple[np.ndarray, Example]], tmp_path: Path, **strength: float) -> Calibration:
    onnx.save(fakes.classifier(), tmp_path / "classifier.onnx")
    pool = CropPool([Prepared(np.stack([crop for crop, _ in faces]), tuple(one for _, one in faces))])
    places = range(len(faces))
    return calibrate_classifier(tmp_path / "classifier.onnx", pool, places, fakes.CROP_PX, strength_of(strength))


def test_grown_ups_of_some_sources_decide_the_balance(faces: list[tuple[np.ndarray, Example]], tmp_path: Path) -> None:
    assert calibrated(faces, tmp_path).gender_bias == pytest.approx(1.0, abs=0.03)
    children = [(crop, replace(one, age=9)) for crop, one in faces]
    assert calibrated(children, tmp_path).gender_bias == 0.0
    elsewhere = [(crop, replace(one, source="gender-folders")) for crop, one in faces]
    assert calibrated(elsewhere, tmp_path).gender_bias == 0.0
    women = [(crop, replace(one, gender="female")) for crop, one in faces]
    assert calibrated(women, tmp_path).gender_bias == 0.0


def test_they_are_as_photos_show_them(faces: list[tuple[np.ndarray, Example]], tmp_path: Path) -> None:
    # Darker women look still more like men to the fake classifier, and men do not look like women.
    assert calibrated(faces, tmp_path, contrast=0.2).gender_bias > 1.1
