"""A YOLO copy of AffectNet and FFHQ faces: `train|valid|test/images`, class numbers in `labels` (96x96)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets import words
from faceannot.datasets.example import Example, Split, one_hot
from faceannot.datasets.files import pictures, read_lines, read_rows
from faceannot.datasets.naming import reader_name
from faceannot.datasets.seen_genders import seen_gender
from faceannot.errors import DatasetError
from faceannot.plain_files import shortened
from faceannot.records import Expression, Gender

LAYOUT = """\
PATH/train/images/image0000006.jpg, PATH/train/images/ffhq_1200.png
PATH/train/labels/image0000006.txt    4 0.5 0.5 1 1
    (0 anger, 1 contempt, 2 disgust, 3 fear, 4 happy, 5 neutral, 6 sad, 7 surprise)
PATH/valid/, PATH/test/               alike"""
FFHQ = "ffhq"
# Pictures kept for judging on everyday people.
KEPT_FFHQ = range(1100)
# 1 is contempt, which is none of the seven.
_CLASSES: dict[str, Expression | None] = {
    "0": "anger",
    "1": None,
    "2": "disgust",
    "3": "fear",
    "4": "happy",
    "5": "neutral",
    "6": "sad",
    "7": "surprise",
}
_PARTS: dict[str, Split] = {"test": "test", "valid": "validation", "train": "train"}
_AGE = re.compile(r"(\d{1,2}|1[0-2]\d|130)(\.\d{0,20})?", re.ASCII)
_FFHQ_NAME = re.compile(r"ffhq_(\d+)\.")


def looks_like(path: Path) -> bool:
    return any((path / part / "images").is_dir() and (path / part / "labels").is_dir() for part in _PARTS)


def read(folder: Path, genders: Path | None = None) -> Iterator[Example]:
    """Every picture with the class that the set gives it (contempt: none), test first; sources `affectnet`, `ffhq`.

    `genders` is a CSV with picture, gender and age for FFHQ's; genders of some of AffectNet's faces come with
    faceannot. Do not train on FFHQ's classes: the source goes with the class (85 % of the happy faces are FFHQ's), so
    a network would learn the camera; `cleaning` takes them away.
    Raises `DatasetError` naming the file.
    """
    people = _people(genders) if genders else {}
    found = [path for part in _PARTS for path in pictures(folder / part / "images")]
    if not found:
        raise DatasetError(f"{folder}: no pictures in train/images, valid/images, test/images")
    for path in found:
        part = path.parent.parent
        expression = _expression(part / "labels" / f"{path.stem}.txt")
        is_ffhq = _FFHQ_NAME.match(path.name) is not None
        name = path.relative_to(folder).as_posix()
        gender, age = people.get(path.name, (None, None)) if is_ffhq else (seen_gender("affectnet", name, path), None)
        yield Example(
            source=FFHQ if is_ffhq else "affectnet",
            name=name,
            path=path,
            split=_PARTS[part.name],
            gender=gender,
            expression=one_hot(expression) if expression else None,
            age=age,
        )


def is_kept_for_judging(example: Example) -> bool:
    """Whether it is one of FFHQ's pictures that no training may see."""
    match = _FFHQ_NAME.match(example.path.name) if reader_name(example.source) == FFHQ else None
    return match is not None and int(match.group(1)) in KEPT_FFHQ


def _expression(label: Path) -> Expression | None:
    if not label.is_file():
        raise DatasetError(f"{label}: missing; each picture needs its YOLO label")
    for line, text in read_lines(label):
        number = text.split()[0]
        if number not in _CLASSES:
            raise DatasetError(f"{label}:{line}: expected a class from 0 to 7, found {shortened(repr(number))}")
        return _CLASSES[number]
    raise DatasetError(f"{label}: empty; expected a line such as '4 0.5 0.5 1 1'")


def _people(path: Path) -> dict[str, tuple[Gender, int]]:
    people = {}
    for number, row in read_rows(path, ("picture", "gender", "age")):
        gender, age = words.GENDERS.get(row["gender"].lower()), row["age"]
        # Ages were guessed by a model, which gives fractions.
        if gender is None or not _AGE.fullmatch(age):
            found = shortened(repr((row["gender"], age)))
            raise DatasetError(
                f"{path}:{number}: expected a gender (female, male) and an age (0 to 130), found {found}"
            )
        people[row["picture"]] = gender, round(float(age))
    return people
