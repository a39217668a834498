"""RAF-DB, basic expressions: `train/1..7`, `test/1..7` (Li et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, Split, one_hot
from faceannot.datasets.files import pictures
from faceannot.datasets.seen_genders import seen_gender
from faceannot.errors import DatasetError
from faceannot.records import Expression

LAYOUT = """\
PATH/train/1 to 7/train_00001_aligned.jpg    1 surprise, 2 fear, 3 disgust, 4 happy, 5 sad, 6 anger, 7 neutral
PATH/test/1 to 7/test_0001_aligned.jpg"""
_CLASSES: dict[str, Expression] = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happy",
    "5": "sad",
    "6": "anger",
    "7": "neutral",
}
_PARTS: tuple[Split, ...] = ("test", "train")


def looks_like(path: Path) -> bool:
    return any((path / part / number).is_dir() for part in _PARTS for number in _CLASSES)


def read(folder: Path) -> Iterator[Example]:
    """Every picture of `test/CLASS` and `train/CLASS`; genders of some come with faceannot.

    Raises `DatasetError` when a part is missing.
    """
    for part in _PARTS:
        found = [(path, number) for number in _CLASSES for path in pictures(folder / part / number)]
        if not found:
            raise DatasetError(f"{folder}: no pictures in {part}/1 to {part}/7; is it RAF-DB's basic set?")
        for path, number in found:
            name = path.relative_to(folder).as_posix()
            gender = seen_gender("rafdb", name, path)
            yield Example("rafdb", name, path, part, gender, one_hot(_CLASSES[number]))
