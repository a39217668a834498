"""FER2013 as the original CSV and as class folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceannot.datasets import fer2013
from faceannot.datasets.example import one_hot
from faceannot.errors import DatasetError, PhotoError
from tests.datasets.conftest import Painter

PIXELS = " ".join(str(number % 256) for number in range(48 * 48))
OTHER_PIXELS = " ".join(["7"] * 48 * 48)


def table(folder: Path, *rows: str, header: str = "emotion,pixels,Usage") -> Path:
    path = folder / "fer2013.csv"
    path.write_text("".join(f"{row}\n" for row in (header, *rows)))
    return path


def test_the_csv_keeps_its_three_parts(tmp_path: Path) -> None:
    table(tmp_path, f"0,{PIXELS},Training", f"3,{PIXELS},PublicTest", f"6,{PIXELS},PrivateTest")
    found = [(one.name, one.split, one.expression) for one in fer2013.read(tmp_path)]
    assert found == [
        ("fer2013.csv#2", "train", one_hot("anger")),
        ("fer2013.csv#3", "validation", one_hot("happy")),
        ("fer2013.csv#4", "test", one_hot("neutral")),
    ]


def test_each_line_has_its_own_pixels(tmp_path: Path) -> None:
    path = table(tmp_path, f'0,"{PIXELS}",Training', f"3,{OTHER_PIXELS},PublicTest")
    first, second = (example.picture() for example in fer2013.read(path))
    assert first.shape == second.shape == (48, 48, 3)
    assert first[1, 2].tolist() == [50, 50, 50]
    assert np.all(second == 7)


def test_the_columns_may_be_in_another_order(tmp_path: Path) -> None:
    path = table(tmp_path, f"3, Training,{OTHER_PIXELS}", header="emotion, Usage, pixels")
    (example,) = fer2013.read(path)
    assert np.all(example.picture() == 7)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("7,{},Training", "emotion has to be 0 to 6"),
        ("3,1 2 3,Training", "3 pixels"),
        ("3,{},Test", "Usage has to be one of"),
        ("3,{}", "2 fields"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: str, message: str) -> None:
    table(tmp_path, f"0,{PIXELS},Training", row.format(PIXELS))
    with pytest.raises(DatasetError, match=rf"fer2013\.csv:3: {message}"):
        list(fer2013.read(tmp_path))


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"\xff\xfe\0e\0m\n", b"emotion,pixels,Usage\n"])
def test_a_file_that_is_no_such_table_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fer2013.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=r"fer2013\.csv"):
        list(fer2013.read(tmp_path))


@pytest.mark.parametrize("value", ["300", "-1", "x"])
def test_pixels_that_are_none_cost_only_their_picture(tmp_path: Path, value: str) -> None:
    table(tmp_path, f"0,{PIXELS},Training", f"0,{value}{PIXELS[1:]},Training")
    _, example = fer2013.read(tmp_path)
    with pytest.raises(PhotoError, match=r"pixels.* in fer2013\.csv:3"):
        example.picture()


def test_class_folders_tell_validation_from_test_by_the_file_name(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "train" / "angry" / "Training_1.png", 1)
    paint(tmp_path / "test" / "happy" / "PublicTest_2.png", 2)
    paint(tmp_path / "test" / "sad" / "PrivateTest_3.png", 3)
    found = {one.path.name: (one.split, one.expression) for one in fer2013.read(tmp_path)}
    assert found == {
        "Training_1.png": ("train", one_hot("anger")),
        "PublicTest_2.png": ("validation", one_hot("happy")),
        "PrivateTest_3.png": ("test", one_hot("sad")),
    }


def test_a_class_folder_of_another_name_is_named(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "train" / "contempt" / "Training_1.png", 1)
    with pytest.raises(DatasetError, match="contempt: no expression of FER2013"):
        list(fer2013.read(tmp_path))


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"neither fer2013\.csv"):
        list(fer2013.read(tmp_path))
