"""Pictures in `Training/male`, `Validation/female` and the like, as in the 58,658-image male/female set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, Split, split_by_hash
from faceannot.errors import DatasetError
from faceannot.records import GENDERS, Gender

_SPLITS: dict[str, Split] = {"Training": "train", "Train": "train", "Validation": "validation", "Test": "test"}
TEST_BELOW = 26


def read(folder: Path, identities: Path | None = None) -> Iterator[Example]:
    """Examples of `SPLIT/GENDER/*`; with `identities` (lines `000001.jpg 2880`) the split goes by person instead.

    A picture that carries the other gender than most pictures of the same person is left out of training, because
    one of the two labels is wrong. Raises `DatasetError` when there is no such folder or a line is malformed.
    """
    found = list(_pictures(folder))
    if not found:
        raise DatasetError(f"{folder}: no pictures in Training/male, Training/female, Validation/male, ...")
    if identities is None:
        for path, split, gender in found:
            yield _example(folder, path, split, gender, None)
        return
    people = read_identities(identities)
    subjects = [people.get(celeba_number(path)) for path, _, _ in found]
    counts = Counter(zip(subjects, (gender for _, _, gender in found), strict=True))
    for (path, split, gender), subject in zip(found, subjects, strict=True):
        if subject is not None:
            split = split_by_hash(subject, TEST_BELOW)
        outvoted = subject is not None and any(counts[subject, other] > counts[subject, gender] for other in GENDERS)
        if split == "test" or not outvoted:
            yield _example(folder, path, split, gender, subject)


def read_identities(path: Path) -> dict[str, str]:
    """CelebA number, as `000001`, to person."""
    people = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        fields = line.split()
        if len(fields) != 2:
            raise DatasetError(f"{path}:{number}: expected 'NUMBER.jpg PERSON', found {line!r}")
        people[fields[0].split(".")[0]] = fields[1]
    return people


def celeba_number(path: Path) -> str:
    """`090544` for `090544.jpg.jpg`."""
    return path.name.split(".")[0]


def _pictures(folder: Path) -> Iterator[tuple[Path, Split, Gender]]:
    for name, split in _SPLITS.items():
        for gender in GENDERS:
            for path in sorted((folder / name / gender).glob("*")):
                yield path, split, gender


def _example(folder: Path, path: Path, split: Split, gender: Gender, subject: str | None) -> Example:
    name = path.relative_to(folder).as_posix()
    return Example("gender-folders", name, path, split, gender=gender, subject=subject)
