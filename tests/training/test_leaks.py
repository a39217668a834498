"""Training crops that show a face of the test part."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.cropping import CROP_PX
from faceannot.datasets.prepare import Prepared
from faceannot.training.fit import CropPool
from faceannot.training.leaks import leaked
from tests.training.conftest import example

FACES = 30


def face(seed: int) -> NDArray[np.uint8]:
    """A picture like no other, smooth as faces are."""
    rough = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(rough, (CROP_PX, CROP_PX), interpolation=cv2.INTER_CUBIC))


def masked(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same with its surroundings blacked out, darker, a pixel off and saved as a bad JPEG."""
    inside = np.zeros_like(picture)
    inside[30:94, 28:84] = picture[30:94, 28:84] // 2
    _, data = cv2.imencode(".jpg", np.roll(inside, 1, axis=1), [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def pool(*crops: NDArray[np.uint8], tests: int) -> CropPool:
    """The last `tests` of the crops are test."""
    examples = [example("rafdb", number) for number in range(len(crops))]
    examples = [replace(one, split="test") if n >= len(crops) - tests else one for n, one in enumerate(examples)]
    return CropPool([Prepared(np.stack(crops), tuple(examples))])


def test_a_changed_copy_of_a_test_face_is_found_and_other_faces_are_not() -> None:
    faces = [face(seed) for seed in range(FACES)]
    found = leaked(pool(*faces, masked(face(FACES)), face(FACES), tests=1))
    assert np.flatnonzero(found).tolist() == [FACES]


def test_copies_inside_the_training_part_stay() -> None:
    assert not leaked(pool(face(1), face(1), face(2), tests=1)).any()


def test_nothing_leaks_where_nothing_is_held_out() -> None:
    assert not leaked(pool(face(1), face(1), tests=0)).any()
