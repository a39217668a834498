"""Faces in everyday photos of three sets that say no gender, with genders that one sees: the table `everyday.csv`.

The test part was drawn at random; most of training is what the bundled classifier was unsure of.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets import words
from faceannot.datasets.example import Example
from faceannot.datasets.files import present, read_rows

SOURCE = "everyday"
LAYOUT = """\
PATH/appa-real/train/000001.jpg, PATH/appa-real/val/, PATH/appa-real/test/      (APPA-REAL)
PATH/webfaces/Caltech_WebFaces/pic00001.jpg                                     (Caltech Web Faces)
PATH/affectnet-yolo/train/images/ffhq_1200.png                                  (as for affectnet-yolo)
    genders come with faceannot"""
TABLE = Path(__file__).parent / "everyday.csv"
_WITH_FACES = ("appa-real", "webfaces", "affectnet-yolo")


def looks_like(path: Path) -> bool:
    return all((path / name).is_dir() for name in _WITH_FACES)


def read(folder: Path) -> Iterator[Example]:
    """Every picture of the table that is there; raises `DatasetError` where none is."""
    listed = (
        Example(
            source=SOURCE,
            name=row["picture"],
            path=folder / row["picture"],
            split=words.SPLITS[row["split"]],
            gender=words.GENDERS[row["gender"]],
        )
        for _, row in read_rows(TABLE, ("picture", "gender", "split"))
    )
    yield from present(listed, folder)
