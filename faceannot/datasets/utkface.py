"""UTKFace: age, gender, ethnicity and time in the file name (Zhang et al. 2017)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example
from faceannot.datasets.files import first_entries, is_picture
from faceannot.errors import DatasetError

LAYOUT = """\
PATH/[any/folders/]AGE_GENDER_RACE_TIME*.jpg
    61_1_3_20170109150557335.jpg.chip.jpg    61 years, 1 = female (0 = male), 3 = Indian
    (race 0 White, 1 Black, 2 Asian, 3 Indian, 4 other)"""
ETHNICITIES = ("White", "Black", "Asian", "Indian", "other")
_NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+")
_log = logging.getLogger(__name__)


def looks_like(path: Path) -> bool:
    return any(_NAME.match(entry.name) and is_picture(entry) for entry in first_entries(path))


def read(folder: Path) -> Iterator[Example]:
    """Every picture named `age_gender_race_time.*`, 0 = male and 1 = female, as training: the set has no split.

    Names that lack a field are reported and skipped. Raises `DatasetError` when the folder holds no picture of the
    format.
    """
    paths = sorted(path for path in folder.rglob("*") if is_picture(path))
    named = [path for path in paths if _NAME.match(path.name)]
    for path in sorted(set(paths) - set(named)):
        _log.warning("%s: no age_gender_race_time name, skipped", path.name)
    if not named:
        raise DatasetError(f"{folder}: no picture named age_gender_race_time.jpg; is it the UTKFace folder?")
    for path in named:
        age, gender, ethnicity, _ = path.name.split("_", 3)
        yield Example(
            source="utkface",
            name=path.name,
            path=path,
            split="train",
            gender="female" if gender == "1" else "male",
            age=int(age),
            ethnicity=ETHNICITIES[int(ethnicity)],
        )
