"""Faces in everyday photos of three sets, with genders and expressions that one sees: the table `everyday.csv`.

The test part was drawn at random; most of training is what the bundled classifier was unsure of. Either label is
missing where nobody looked for it, where it cannot be told, and where two looks differed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faceannot.datasets import words
from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.files import present, read_rows

SOURCE = "everyday"
LAYOUT = """\
PATH/appa-real/train/000001.jpg, PATH/appa-real/val/, PATH/appa-real/test/      (APPA-REAL)
PATH/webfaces/Caltech_WebFaces/pic00001.jpg                                     (Caltech Web Faces)
PATH/affectnet-yolo/train/images/ffhq_1200.png                                  (as for affectnet-yolo)
    genders and expressions come with faceannot"""
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
            gender=words.GENDERS[row["gender"]] if row["gender"] else None,
            expression=one_hot(words.EXPRESSIONS[row["expression"]]) if row["expression"] else None,
        )
        for _, row in read_rows(TABLE, ("picture", "gender", "expression", "split"))
    )
    yield from present(listed, folder)
