"""A YOLO copy of AffectNet and FFHQ faces: `train|valid|test/images`, class numbers in `labels` (96x96)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, Split, first_copies, one_hot, split_by_hash
from faceannot.errors import DatasetError
from faceannot.records import Expression, Gender

# 1 is contempt, which is none of the seven.
_CLASSES: dict[str, Expression] = {
    "0": "anger",
    "2": "disgust",
    "3": "fear",
    "4": "happy",
    "5": "neutral",
    "6": "sad",
    "7": "surprise",
}
_GENDERS: dict[str, Gender] = {"female": "female", "male": "male"}
_FFHQ = re.compile(r"ffhq_(\d+)\.")
# Pictures kept for judging on everyday people.
KEPT_FFHQ = range(1100)


def read(folder: Path, genders: Path | None = None) -> Iterator[Example]:
    """Expressions of the AffectNet pictures (`image*`), and gender and age of FFHQ's from the table `genders`.

    FFHQ pictures carry no expression: the source goes with the class (85 % of the happy faces are FFHQ's), so a
    network would learn the camera. `ffhq_0` to `ffhq_1099` never appear. `genders` is a CSV with picture, gender and
    age. Copies are given once, test first. Raises `DatasetError` naming the file.
    """
    people = _people(genders) if genders else {}
    paths = [path for part in ("test", "valid", "train") for path in sorted((folder / part / "images").glob("*"))]
    if not paths:
        raise DatasetError(f"{folder}: no pictures in train/images, valid/images, test/images")
    for path, first in first_copies(paths).items():
        if path == first:
            example = _ffhq(folder, path, people) if _FFHQ.match(path.name) else _affectnet(folder, path)
            if example is not None:
                yield example


def _people(path: Path) -> dict[str, tuple[Gender, int]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        return {row["picture"]: (_GENDERS[row["gender"]], round(float(row["age"]))) for row in rows}
    except (KeyError, ValueError, TypeError) as error:
        raise DatasetError(f"{path}: expected columns picture, gender (female, male) and age ({error})") from error


def _ffhq(folder: Path, path: Path, people: dict[str, tuple[Gender, int]]) -> Example | None:
    match = _FFHQ.match(path.name)
    if path.name not in people or match is None or int(match.group(1)) in KEPT_FFHQ:
        return None
    gender, age = people[path.name]
    name = path.relative_to(folder).as_posix()
    return Example("ffhq", name, path, split_by_hash(path.name, 0), gender=gender, age=age)


def _affectnet(folder: Path, path: Path) -> Example | None:
    label = path.parent.parent / "labels" / f"{path.stem}.txt"
    if not label.is_file():
        raise DatasetError(f"{label}: missing; each picture needs its YOLO label")
    number = label.read_text().split(maxsplit=1)[0]
    if number not in _CLASSES:
        return None
    parts: dict[str, Split] = {"train": "train", "valid": "validation", "test": "test"}
    name = path.relative_to(folder).as_posix()
    split = parts[path.parent.parent.name]
    return Example("affectnet", name, path, split, expression=one_hot(_CLASSES[number]))
