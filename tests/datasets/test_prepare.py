"""Aligned crops of source pictures, made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.prepare import CROP_PX, prepare
from faceannot.errors import DatasetError
from tests import fakes


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    path = tmp_path / "detector.onnx"
    onnx.save(fakes.detector(), path)
    return path


def face(path: Path) -> Path:
    """A picture that is all face, for the fake detector."""
    Image.fromarray(np.full((48, 48, 3), (255, 0, 0), np.uint8)).save(path)
    return path


def test_examples_come_back_as_they_went_in(tmp_path: Path, detector: Path) -> None:
    given = Example("rafdb", "a", face(tmp_path / "a.png"), "train", expression=one_hot("sad"))
    other = Example("utkface", "b", face(tmp_path / "b.png"), "test", gender="female", age=71, ethnicity="Black")
    prepared = prepare([given, other], tmp_path / "out", detector, workers=1)
    assert prepared.examples == (given, other)
    assert prepared.crops.shape == (2, CROP_PX, CROP_PX, 3)
    assert prepared.crops[0, CROP_PX // 2, CROP_PX // 2].tolist() == [255, 0, 0]


def test_a_picture_without_a_face_is_listed_and_left_out(tmp_path: Path, detector: Path) -> None:
    Image.fromarray(np.zeros((48, 48, 3), np.uint8)).save(tmp_path / "none.png")
    examples = [
        Example("utkface", "none.png", tmp_path / "none.png", "train"),
        Example("utkface", "face.png", face(tmp_path / "face.png"), "train"),
    ]
    prepared = prepare(examples, tmp_path / "out", detector, workers=1)
    assert [example.name for example in prepared.examples] == ["face.png"]
    assert (tmp_path / "out" / "lost.txt").read_text() == "none.png\n"


def test_what_is_prepared_already_is_not_made_again(tmp_path: Path, detector: Path) -> None:
    example = Example("utkface", "a", face(tmp_path / "a.png"), "train")
    first = prepare([example], tmp_path / "out", detector, workers=1)
    (tmp_path / "a.png").unlink()
    assert prepare([example], tmp_path / "out", detector, workers=1).examples == first.examples


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path, detector: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"broken\.png"):
        prepare([Example("utkface", "x", tmp_path / "broken.png", "train")], tmp_path / "out", detector, workers=1)
