"""RAF-DB, basic expressions: `train/1..7`, `test/1..7` (Li et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, first_copies, one_hot, split_by_hash
from faceannot.errors import DatasetError
from faceannot.records import Expression

_CLASSES: dict[str, Expression] = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happy",
    "5": "sad",
    "6": "anger",
    "7": "neutral",
}


def read(folder: Path) -> Iterator[Example]:
    """Examples of `train/CLASS/*.jpg` and `test/CLASS/*.jpg`; validation is cut from training by name.

    Byte-identical copies are given once, test first. Raises `DatasetError` when a part is missing.
    """
    paths = []
    for part in ("test", "train"):
        found = sorted((folder / part).glob("[1-7]/*.jpg"))
        if not found:
            raise DatasetError(f"{folder}: no pictures in {part}/1 to {part}/7; is it RAF-DB's basic set?")
        paths += found
    for path, first in first_copies(paths).items():
        if path == first:
            part = path.parent.parent.name
            yield Example(
                source="rafdb",
                name=path.relative_to(folder).as_posix(),
                path=path,
                split="test" if part == "test" else split_by_hash(path.name, 0),
                expression=one_hot(_CLASSES[path.parent.name]),
            )
