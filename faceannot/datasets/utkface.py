"""UTKFace: age, gender, ethnicity and time in the file name (Zhang et al. 2017)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, first_copies, split_by_hash
from faceannot.errors import DatasetError

_NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+")
ETHNICITIES = ("White", "Black", "Asian", "Indian", "other")
TEST_BELOW = 51
_log = logging.getLogger(__name__)


def read(folder: Path) -> Iterator[Example]:
    """Examples of a folder of `age_gender_race_time.*` pictures, 0 = male and 1 = female.

    Byte-identical copies: only the first name is given, and none when the copies disagree on gender. Names that
    lack a field are reported and skipped. Raises `DatasetError` when the folder holds no picture of the format.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    named = [path for path in paths if _NAME.match(path.name)]
    for path in sorted(set(paths) - set(named)):
        _log.warning("%s: no age_gender_race_time name, skipped", path.name)
    if not named:
        raise DatasetError(f"{folder}: no picture named age_gender_race_time.jpg; is it the UTKFace folder?")
    firsts = first_copies(named)
    contradicted = {first for path, first in firsts.items() if _gender(path) != _gender(first)}
    for path in named:
        if firsts[path] == path and path not in contradicted:
            yield _example(path)


def _gender(path: Path) -> str:
    return path.name.split("_")[1]


def _example(path: Path) -> Example:
    age, gender, ethnicity, _ = path.name.split("_", 3)
    return Example(
        source="utkface",
        name=path.name,
        path=path,
        split=split_by_hash(path.name, TEST_BELOW),
        gender="female" if gender == "1" else "male",
        age=int(age),
        ethnicity=ETHNICITIES[int(ethnicity)],
    )
