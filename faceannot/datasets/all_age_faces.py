"""All-Age-Faces: mostly East Asian faces from 2 to 80, age in the name and gender in lists (Cheng et al. 2019)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, first_copies, split_by_hash
from faceannot.errors import DatasetError
from faceannot.records import Gender

_NAME = re.compile(r"\d{5}A(\d{2,3})\.jpg$")
_GENDERS: dict[str, Gender] = {"0": "female", "1": "male"}
TEST_BELOW = 38


def read(folder: Path) -> Iterator[Example]:
    """Examples of `aligned/*.jpg` with `sets/train.txt` and `sets/val.txt` (name, 0 = female, 1 = male).

    Byte-identical copies are given once, under their first name. Raises `DatasetError` for a malformed list.
    """
    genders = {name: gender for file in ("train.txt", "val.txt") for name, gender in _listed(folder / "sets" / file)}
    paths = sorted(folder / "aligned" / name for name in genders)
    present = [path for path in paths if path.is_file()]
    if not present:
        raise DatasetError(f"{folder}: none of the pictures in sets/*.txt is in aligned/")
    for path, first in first_copies(present).items():
        if path == first:
            match = _NAME.match(path.name)
            yield Example(
                source="all-age-faces",
                name=path.name,
                path=path,
                split=split_by_hash(path.name, TEST_BELOW),
                gender=genders[path.name],
                age=int(match.group(1)) if match else None,
                ethnicity="Asian",
            )


def _listed(path: Path) -> Iterator[tuple[str, Gender]]:
    if not path.is_file():
        raise DatasetError(f"{path}: missing; All-Age-Faces needs sets/train.txt and sets/val.txt")
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        fields = line.split()
        if len(fields) != 2 or fields[1] not in _GENDERS:
            raise DatasetError(f"{path}:{number}: expected 'NAME 0' or 'NAME 1', found {line!r}")
        yield fields[0], _GENDERS[fields[1]]
