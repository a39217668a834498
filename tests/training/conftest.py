"""Prepared crops that a small network can tell apart: red faces are women, bright ones are happy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceannot.datasets.cropping import CROP_PX
from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.prepare import Prepared


@pytest.fixture
def prepared() -> Prepared:
    """16 crops, half with a gender and half with an expression."""
    random = np.random.default_rng(5)
    crops = random.integers(0, 60, (16, CROP_PX, CROP_PX, 3), dtype=np.uint8)
    examples = []
    for number in range(16):
        second = number % 2 == 1
        if number < 8:
            crops[number, :, :, 0] += 180 * second
            examples.append(example("utkface", number, gender="female" if second else "male", age=30))
        else:
            crops[number] += 180 * second
            examples.append(example("rafdb", number, expression=one_hot("happy" if second else "sad")))
    return Prepared(crops, tuple(examples))


def example(source: str, number: int, **labels: object) -> Example:
    return Example(source, str(number), Path(f"{number}.png"), "train", **labels)  # type: ignore[arg-type]
