"""FER+: FER2013's grey 48x48 pictures with ten votes each (Barsoum et al. 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets.example import Example, Split
from faceannot.datasets.files import present, read_rows, whole_number
from faceannot.errors import DatasetError
from faceannot.plain_files import shortened
from faceannot.records import EXPRESSIONS

LAYOUT = """\
PATH/fer2013new.csv    Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF
                       Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0
PATH/FER2013Train/fer0000000.png
PATH/FER2013Valid/, PATH/FER2013Test/"""
AGREEMENT = 5
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


def looks_like(path: Path) -> bool:
    return (path / "fer2013new.csv").is_file()


def read(folder: Path, agreement: int = AGREEMENT) -> Iterator[Example]:
    """Every picture of the table `fer2013new.csv`, test first, then validation, then training.

    It has an expression if the winning vote is one of the seven and has at least `agreement` of the ten votes. Votes
    of one are dropped as in the original paper. Raises `DatasetError` naming file and line.
    """
    table = folder / "fer2013new.csv"
    needed = ("Usage", "Image name", *_COLUMNS.values(), *_OTHER)
    listed = [
        _example(folder, row, agreement, f"{table}:{number}")
        for number, row in read_rows(table, needed)
        if row["Image name"]
    ]
    order = [split for _, split in _PARTS.values()]
    yield from sorted(present(listed, table), key=lambda example: (order.index(example.split), example.path))


def _example(folder: Path, row: dict[str, str], agreement: int, where: str) -> Example:
    if row["Usage"] not in _PARTS:
        raise DatasetError(
            f"{where}: Usage has to be one of {', '.join(_PARTS)}, found {shortened(repr(row['Usage']))}"
        )
    part, split = _PARTS[row["Usage"]]
    name = row["Image name"]
    votes = [_votes(row, _COLUMNS[expression], where) for expression in EXPRESSIONS]
    others = max(_votes(row, column, where) for column in _OTHER)
    agreed = max(votes) >= agreement and max(votes) > others
    return Example(
        "ferplus", f"{part}/{name}", folder / part / name, split, expression=_shares(votes) if agreed else None
    )


def _votes(row: dict[str, str], column: str, where: str) -> int:
    return whole_number(row[column], f"{where}: {column}", 0, 10)


def _shares(votes: list[int]) -> tuple[float, ...] | None:
    kept = [vote if vote > 1 else 0 for vote in votes]
    return tuple(vote / sum(kept) for vote in kept) if any(kept) else None
