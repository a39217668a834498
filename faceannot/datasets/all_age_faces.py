"""All-Age-Faces: mostly East Asian faces from 2 to 80, age in the name and gender in lists (Cheng et al. 2019)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, Split
from faceannot.datasets.files import present, read_lines
from faceannot.errors import DatasetError
from faceannot.plain_files import shortened
from faceannot.records import Gender

LAYOUT = """\
PATH/aligned/00000A02.jpg    2 years
PATH/sets/train.txt          00000A02.jpg 0    (0 = female, 1 = male)
PATH/sets/val.txt"""
_NAME = re.compile(r"\d{5}A(\d{2,3})\.jpg$")
_GENDERS: dict[str, Gender] = {"0": "female", "1": "male"}
_LISTS: dict[str, Split] = {"train.txt": "train", "val.txt": "validation"}


def looks_like(path: Path) -> bool:
    return (path / "sets" / "train.txt").is_file() and (path / "aligned").is_dir()


def read(folder: Path) -> Iterator[Example]:
    """Every picture of `aligned` that `sets/train.txt` or `sets/val.txt` (validation) lists, by name.

    Raises `DatasetError` for a malformed list.
    """
    listed = {example.name: example for name, split in _LISTS.items() for example in _listed(folder, name, split)}
    yield from present((listed[name] for name in sorted(listed)), folder / "sets")


def _listed(folder: Path, name: str, split: Split) -> Iterator[Example]:
    path = folder / "sets" / name
    for number, line in read_lines(path):
        fields = line.split()
        if len(fields) != 2 or fields[1] not in _GENDERS:
            raise DatasetError(f"{path}:{number}: expected 'NAME 0' or 'NAME 1', found {shortened(repr(line))}")
        match = _NAME.match(fields[0])
        yield Example(
            source="all-age-faces",
            name=fields[0],
            path=folder / "aligned" / fields[0],
            split=split,
            gender=_GENDERS[fields[1]],
            age=int(match.group(1)) if match else None,
            ethnicity="Asian",
        )
