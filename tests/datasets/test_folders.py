"""Class folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceannot.datasets import folders
from faceannot.datasets.example import one_hot
from faceannot.errors import DatasetError
from tests.datasets.conftest import Painter


@pytest.mark.parametrize(
    ("folder", "gender", "expression", "split"),
    [
        ("HappyMale", "male", one_hot("happy"), "train"),
        ("test/sad_female", "female", one_hot("sad"), "test"),
        ("Validation/Angry", None, one_hot("anger"), "validation"),
        ("women", "female", None, "train"),
        ("male/train/happy", "male", one_hot("happy"), "train"),
    ],
)
def test_the_names_of_the_folders_are_the_labels(
    tmp_path: Path, paint: Painter, folder: str, gender: str | None, expression: object, split: str
) -> None:
    paint(tmp_path / folder / "a.png")
    (example,) = folders.read(tmp_path)
    assert (example.gender, example.expression, example.split) == (gender, expression, split)
    assert example.name == f"{folder}/a.png"


def test_folders_of_another_name_are_reported_and_skipped(
    tmp_path: Path, paint: Painter, caplog: pytest.LogCaptureFixture
) -> None:
    paint(tmp_path / "happy" / "a.png")
    paint(tmp_path / "contempt" / "b.png")
    assert [example.name for example in folders.read(tmp_path)] == ["happy/a.png"]
    assert "contempt: 1 pictures" in caplog.text


def test_folders_that_contradict_each_other_are_an_error(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "happy" / "SadMale" / "a.png")
    with pytest.raises(DatasetError, match="SadMale contradicts a folder round it, which says happy"):
        list(folders.read(tmp_path))


def test_a_folder_without_a_class_is_an_error(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "photos" / "a.png")
    with pytest.raises(DatasetError, match="no pictures in folders such as"):
        list(folders.read(tmp_path))
