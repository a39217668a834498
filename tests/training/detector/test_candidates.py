"""What the detector takes for faces in labelled photos, and whether each is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceannot.detector import Detections, Detector
from faceannot.errors import DatasetError
from faceannot.training.detector.candidates import Cut, candidates, gather_candidates, judged
from faceannot.training.detector.labelled_photos import LabelledPhoto
from tests import fakes
from tests.training.detector.labelled import FACE, FACE_BOX, IMPOSTOR, write

CUT = Cut(lowest=0.5, side_px=16, context=1.0, seed=3)


def boxes(*edges: tuple[float, ...]) -> np.ndarray:
    return np.array(edges, np.float32).reshape(-1, 4)


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    return fakes.bundle(tmp_path / "model") / "detector.onnx"


def test_a_find_is_a_face_where_it_overlaps_one_and_unclear_where_that_is_doubtful() -> None:
    found = boxes((0, 0, 10, 10), (0, 0, 10, 30), (40, 0, 50, 10), (80, 0, 90, 10))
    finds = Detections(found, np.zeros((4, 5, 2), np.float32), np.ones(4, np.float32))
    is_face, is_clear = judged(finds, boxes((0, 0, 10, 11)), boxes((40, 0, 50, 20)))
    assert is_face.tolist() == [True, False, False, False]
    assert is_clear.tolist() == [True, False, False, True]


def test_without_labels_every_find_is_clearly_none() -> None:
    finds = Detections(boxes((0, 0, 10, 10)), np.zeros((1, 5, 2), np.float32), np.ones(1, np.float32))
    assert [part.tolist() for part in judged(finds, boxes(), boxes())] == [[False], [True]]


def test_each_look_is_at_a_size_of_its_own_and_always_the_same(detector: Path) -> None:
    rgb = fakes.photo(FACE, IMPOSTOR)
    photo = LabelledPhoto("webfaces", "a", rgb, boxes(FACE_BOX), np.zeros((1, 5, 2), np.float32), boxes())
    finder = Detector(detector)
    looks = [candidates(finder, photo, CUT, (1, look)) for look in (0, 1, 0)]
    assert (looks[0].crops == looks[2].crops).all()
    assert not np.array_equal(looks[0].crops, looks[1].crops)
    assert all(look.crops.shape[1:] == (16, 16, 3) for look in looks)
    assert not looks[0].held_out.any()
    assert candidates(finder, photo, CUT, (10, 0)).held_out.all()


def test_candidates_are_gathered_once_and_each_crop_is_what_it_is_said_to_be(tmp_path: Path, detector: Path) -> None:
    write(tmp_path / "l" / "webfaces", "webfaces", fakes.photo(FACE, IMPOSTOR), [FACE_BOX], 20)
    write(tmp_path / "l" / "scenes", "scenes", fakes.photo(IMPOSTOR), [], 20)
    # The second look would be in other light.
    looks = {"webfaces": 1, "scenes": 1}
    found = gather_candidates(tmp_path / "l", looks, CUT, detector, tmp_path / "out", workers=2)
    blue = found.crops[:, 8, 8, 2]
    assert set(found.is_face.tolist()) == {True, False}
    assert (blue[found.is_face] < 60).all()
    assert (blue[~found.is_face] > 60).all()
    assert 0 < found.held_out.sum() < len(found) / 4
    detector.unlink()
    again = gather_candidates(tmp_path / "l", looks, CUT, detector, tmp_path / "out", workers=1)
    assert (again.crops == found.crops).all()
    assert (again.is_face == found.is_face).all()


@pytest.mark.parametrize("faces", [[FACE], [IMPOSTOR], []])
def test_both_faces_and_other_things_are_needed(tmp_path: Path, detector: Path, faces: list[Any]) -> None:
    boxes = [FACE_BOX] if FACE in faces else []
    write(tmp_path / "l" / "webfaces", "webfaces", fakes.photo(*faces), boxes, 5)
    with pytest.raises(DatasetError, match="faces, and other things"):
        gather_candidates(tmp_path / "l", {"webfaces": 1}, CUT, detector, tmp_path / "out", workers=1)


def test_sources_that_are_not_named_are_left_out(tmp_path: Path, detector: Path) -> None:
    write(tmp_path / "l" / "webfaces", "webfaces", fakes.photo(FACE, IMPOSTOR), [FACE_BOX], 5)
    with pytest.raises(DatasetError, match="a verifier needs photos"):
        gather_candidates(tmp_path / "l", {"street": 1}, CUT, detector, tmp_path / "out", workers=1)
