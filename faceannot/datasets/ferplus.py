"""FER+: FER2013's grey 48x48 pictures with ten votes each (Barsoum et al. 2016)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, Split, first_copies
from faceannot.errors import DatasetError
from faceannot.records import EXPRESSIONS

_COLUMNS = {
    "neutral": "neutral",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "fear": "fear",
    "disgust": "disgust",
    "anger": "anger",
}
_OTHER = ("contempt", "unknown", "NF")
_PARTS: dict[str, tuple[str, Split]] = {
    "PrivateTest": ("FER2013Test", "test"),
    "PublicTest": ("FER2013Valid", "validation"),
    "Training": ("FER2013Train", "train"),
}


def read(folder: Path, agreement: int = 5) -> Iterator[Example]:
    """Examples whose winning vote, one of the seven expressions, has at least `agreement` of the ten votes.

    `folder` holds `fer2013new.csv` and `FER2013Train|Valid|Test`. Votes of one are dropped as in the original
    paper. Copies are given once, test first. Raises `DatasetError` naming file and line.
    """
    table = folder / "fer2013new.csv"
    if not table.is_file():
        raise DatasetError(f"{table}: missing; FER+ needs its table of votes")
    examples = {}
    with table.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                example = _example(folder, row, agreement)
            except (KeyError, ValueError, TypeError) as error:
                raise DatasetError(f"{table}:{number}: not a row of FER+ votes ({error})") from error
            if example is not None and example.path.is_file():
                examples[example.path] = example
    order = {"test": 0, "validation": 1, "train": 2}
    paths = sorted(examples, key=lambda path: (order[examples[path].split], path))
    for path, first in first_copies(paths).items():
        if path == first:
            yield examples[path]


def _example(folder: Path, row: dict[str, str], agreement: int) -> Example | None:
    part, split = _PARTS[row["Usage"]]
    name = row["Image name"]
    votes = [int(row[_COLUMNS[expression]]) for expression in EXPRESSIONS]
    others = max(int(row[column]) for column in _OTHER)
    if not name or max(votes) < agreement or max(votes) <= others:
        return None
    kept = [vote if vote > 1 else 0 for vote in votes]
    shares = tuple(vote / sum(kept) for vote in kept)
    return Example("ferplus", f"{part}/{name}", folder / part / name, split, expression=shares)
