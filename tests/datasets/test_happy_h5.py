"""HDF5 files of happy and other faces, whole and damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from faceannot.datasets import happy_h5
from faceannot.datasets.example import one_hot
from faceannot.errors import DatasetError, PhotoError


def pictures(count: int) -> Any:
    return np.random.default_rng(count).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)


def write(path: Path, **keys: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, value in keys.items():
            file[key] = value
    return path


def test_one_is_happy_and_zero_is_sad_as_in_the_published_projects(tmp_path: Path) -> None:
    write(tmp_path / "train_happy.h5", train_set_x=pictures(2), train_set_y=[1, 0], list_classes=[0, 1])
    write(tmp_path / "test_happy.h5", test_set_x=pictures(1), test_set_y=[[1]])
    found = [(one.name, one.split, one.expression) for one in happy_h5.read(tmp_path)]
    assert found == [
        ("test_happy.h5#0", "test", one_hot("happy")),
        ("train_happy.h5#0", "train", one_hot("happy")),
        ("train_happy.h5#1", "train", one_hot("sad")),
    ]


def test_what_is_not_happy_can_be_left_without_a_label(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", test_set_x=pictures(2), test_set_y=[1, 0])
    assert [one.expression for one in happy_h5.read(path, not_happy="none")] == [one_hot("happy"), None]


def test_each_example_has_its_own_pixels(tmp_path: Path) -> None:
    training, test = pictures(3), pictures(2)
    path = write(tmp_path / "a.h5", test_set_x=test, test_set_y=[1, 0], train_set_x=training, train_set_y=[1, 0, 1])
    examples = list(happy_h5.read(path))
    for example, wanted in zip(examples, [*training, *test], strict=True):
        assert np.array_equal(example.picture(), wanted)
    assert examples[0].content() != examples[1].content()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"x": [1]}, "expected train_set_x"),
        ({"train_set_x": pictures(2)}, "no key train_set_y"),
        ({"train_set_x": pictures(2), "train_set_y": [1]}, r"train_set_y has to be \(2,\)"),
        ({"train_set_x": pictures(2)[..., 0], "train_set_y": [1, 0]}, "train_set_x has to be"),
        ({"train_set_x": pictures(2) / 255, "train_set_y": [1, 0]}, "uint8"),
        ({"train_set_x": pictures(2), "train_set_y": [1, 2]}, r"train_set_y\[1\] has to be 1"),
        ({"train_set_x": h5py.ExternalLink("other.h5", "x"), "train_set_y": [1, 0]}, "link to another file"),
    ],
)
def test_a_file_of_another_shape_is_named_with_its_key(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    write(tmp_path / "other.h5", x=pictures(2))
    path = write(tmp_path / "a.h5", **keys)
    with pytest.raises(DatasetError, match=rf"a\.h5: .*{message}"):
        list(happy_h5.read(path))


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", train_set_x=pictures(9), train_set_y=[1] * 9)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(DatasetError, match=r"a\.h5: not a whole HDF5 file"):
        list(happy_h5.read(path))


def test_a_picture_of_a_file_that_has_changed_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", train_set_x=pictures(2), train_set_y=[1, 0])
    example = list(happy_h5.read(path))[1]
    write(path, train_set_x=pictures(1), train_set_y=[1])
    with pytest.raises(PhotoError, match="no such picture"):
        example.picture()


def test_a_folder_without_such_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no HDF5 file"):
        list(happy_h5.read(tmp_path))
