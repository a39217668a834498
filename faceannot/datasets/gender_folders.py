"""Pictures in `Training/male`, `Validation/female` and the like, as in the 58,658-image male/female set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets import words
from faceannot.datasets.example import Example, Split
from faceannot.datasets.files import first_entries, pictures, read_lines
from faceannot.errors import DatasetError
from faceannot.plain_files import shortened
from faceannot.records import GENDERS, Gender

LAYOUT = """\
PATH/Training/female/, PATH/Training/male/        (or Train)
PATH/Validation/female/, PATH/Validation/male/    (or Valid)
PATH/Test/female/, PATH/Test/male/                (if there is one)
    090544.jpg.jpg    with identities=FILE the number names the person: 090544.jpg 2880"""


def looks_like(path: Path) -> bool:
    parts = [entry for entry in first_entries(path) if entry.name.lower() in words.SPLITS and entry.is_dir()]
    return any(inside.name.lower() in GENDERS for part in parts for inside in first_entries(part))


def read(folder: Path, identities: Path | None = None) -> Iterator[Example]:
    """Every picture of `SPLIT/GENDER`; `identities` has lines `000001.jpg 2880` that say who is in which.

    Raises `DatasetError` when there is no such folder or a line is malformed.
    """
    people = read_identities(identities) if identities else {}
    found = list(_pictures(folder))
    if not found:
        raise DatasetError(f"{folder}: no pictures in Training/male, Training/female, Validation/male, ...")
    if people and not any(celeba_number(path) in people for path, _, _ in found):
        raise DatasetError(f"{identities}: names none of the pictures in {folder}")
    for path, split, gender in found:
        name = path.relative_to(folder).as_posix()
        subject = people.get(celeba_number(path))
        yield Example("gender-folders", name, path, split, gender=gender, subject=subject)


def read_identities(path: Path) -> dict[str, str]:
    """CelebA number, as `000001`, to person."""
    people = {}
    for number, line in read_lines(path):
        fields = line.split()
        if len(fields) != 2:
            raise DatasetError(f"{path}:{number}: expected 'NUMBER.jpg PERSON', found {shortened(repr(line))}")
        people[fields[0].split(".")[0]] = fields[1]
    return people


def celeba_number(path: Path) -> str:
    """`090544` for `090544.jpg.jpg`."""
    return path.name.split(".")[0]


def _pictures(folder: Path) -> Iterator[tuple[Path, Split, Gender]]:
    for part in sorted(folder.iterdir()):
        if part.name.lower() in words.SPLITS and part.is_dir():
            for gender in GENDERS:
                for inside in sorted(entry for entry in part.iterdir() if entry.name.lower() == gender):
                    for path in pictures(inside):
                        yield path, words.SPLITS[part.name.lower()], gender
