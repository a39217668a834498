"""Class folders: the names of the folders round a picture are its labels and its split."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets import words
from faceannot.datasets.example import Example, Split, one_hot
from faceannot.datasets.files import first_entries, pictures
from faceannot.datasets.words import Labels
from faceannot.errors import DatasetError

LAYOUT = """\
PATH/HappyMale/a.jpg, PATH/HappyFemale/, PATH/SadMale/, PATH/SadFemale/
PATH/train/happy/a.jpg, PATH/test/sad/    any of the seven expressions, with split folders or without
PATH/female/a.jpg, PATH/male/happy/       genders, and one class inside the other"""
_log = logging.getLogger(__name__)


def looks_like(path: Path) -> bool:
    names = [entry.name for entry in first_entries(path) if entry.is_dir()]
    names += [inside.name for name in names if name.lower() in words.SPLITS for inside in first_entries(path / name)]
    return any(words.plain(name) in words.LABELS for name in names)


def read(folder: Path) -> Iterator[Example]:
    """Every picture below a folder that names a gender, an expression or one of the four labels.

    Folders of pictures without such a name are reported and skipped. Raises `DatasetError` where two folders round a
    picture contradict each other, or nothing is found.
    """
    found = False
    for inside in _folders(folder):
        paths = pictures(inside)
        if not paths:
            continue
        labels, split = _meaning(folder, inside)
        if labels == Labels():
            _log.warning("%s: %d pictures without a class folder that has a known name, skipped", inside, len(paths))
            continue
        found = True
        for path in paths:
            yield _example(folder, path, labels, split)
    if not found:
        raise DatasetError(f"{folder}: no pictures in folders such as male, happy or HappyMale")


def _folders(folder: Path) -> list[Path]:
    """`folder` and all folders in it, by name."""

    def unreadable(error: OSError) -> None:
        raise error

    return sorted(Path(inside) for inside, _, _ in os.walk(folder, onerror=unreadable))


def _meaning(top: Path, folder: Path) -> tuple[Labels, Split]:
    """What the names from `top` down to `folder` say together."""
    gender = expression = split = None
    for name in folder.relative_to(top).parts:
        found = words.LABELS.get(words.plain(name), Labels())
        part = words.SPLITS.get(name.lower())
        for old, new in ((gender, found.gender), (expression, found.expression), (split, part)):
            if old and new and old != new:
                raise DatasetError(f"{folder}: {name} contradicts a folder round it, which says {old}")
        gender, expression, split = found.gender or gender, found.expression or expression, part or split
    return Labels(gender, expression), split or "train"


def _example(top: Path, path: Path, labels: Labels, split: Split) -> Example:
    name = path.relative_to(top).as_posix()
    shares = one_hot(labels.expression) if labels.expression else None
    return Example("folders", name, path, split, gender=labels.gender, expression=shares)
