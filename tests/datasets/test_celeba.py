"""CelebA's lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceannot.datasets import celeba
from faceannot.datasets.example import one_hot
from faceannot.errors import DatasetError
from tests.datasets.conftest import Painter

HEAD = "Attractive Male Smiling"


def source(folder: Path, paint: Painter, *lines: str, count: int | None = None, lists: str = "") -> Path:
    (folder / lists).mkdir(exist_ok=True)
    text = "\n".join([str(len(lines) if count is None else count), HEAD, *lines])
    (folder / lists / "list_attr_celeba.txt").write_text(f"{text}\n")
    for number, line in enumerate(lines):
        paint(folder / "img_align_celeba" / line.split()[0], number)
    return folder


def test_smiling_is_happy_and_not_smiling_is_not_sad(tmp_path: Path, paint: Painter) -> None:
    source(tmp_path, paint, "000001.jpg -1  1  1", "000002.jpg  1 -1 -1")
    found = [(one.gender, one.expression, one.split, one.subject) for one in celeba.read(tmp_path)]
    assert found == [("male", one_hot("happy"), "train", None), ("female", None, "train", None)]


def test_parts_and_people_come_from_their_lists(tmp_path: Path, paint: Painter) -> None:
    source(tmp_path, paint, "000001.jpg -1 1 1", "000002.jpg 1 -1 -1", "000003.jpg 1 -1 -1", lists="Anno")
    (tmp_path / "Eval").mkdir()
    (tmp_path / "Eval" / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
    (tmp_path / "Anno" / "identity_CelebA.txt").write_text("000001.jpg 2880\n000002.jpg 7\n")
    found = [(one.split, one.subject) for one in celeba.read(tmp_path)]
    assert found == [("train", "2880"), ("validation", "7"), ("test", None)]


@pytest.mark.parametrize("line", ["000002.jpg 1 -1", "000002.jpg 1 0 1"])
def test_a_bad_line_is_named(tmp_path: Path, paint: Painter, line: str) -> None:
    source(tmp_path, paint, "000001.jpg -1 1 1", line)
    with pytest.raises(DatasetError, match=r"list_attr_celeba\.txt:4"):
        list(celeba.read(tmp_path))


def test_a_list_that_ends_early_is_named(tmp_path: Path, paint: Painter) -> None:
    source(tmp_path, paint, "000001.jpg -1 1 1", count=202599)
    with pytest.raises(DatasetError, match=r"says 202599 pictures, but it has 1"):
        list(celeba.read(tmp_path))


def test_a_partition_that_is_none_is_named(tmp_path: Path, paint: Painter) -> None:
    source(tmp_path, paint, "000001.jpg -1 1 1")
    (tmp_path / "list_eval_partition.txt").write_text("000001.jpg 3\n")
    with pytest.raises(DatasetError, match=r"list_eval_partition\.txt:1"):
        list(celeba.read(tmp_path))


def test_lists_without_pictures_are_an_error(tmp_path: Path, paint: Painter) -> None:
    source(tmp_path, paint, "000001.jpg -1 1 1")
    (tmp_path / "img_align_celeba" / "000001.jpg").unlink()
    with pytest.raises(DatasetError, match="none of the pictures that it lists is there"):
        list(celeba.read(tmp_path))
