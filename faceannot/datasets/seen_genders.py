"""Genders that one sees in pictures of published sets: the table `seen_genders.csv`.

Of sets that give expressions alone, the rows of the test parts were drawn at random; those for training are faces of
which the bundled classifier was unsure. Of UTKFace there are training faces whose own label is plainly wrong.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from faceannot.datasets import words
from faceannot.datasets.files import read_rows
from faceannot.records import Gender

TABLE = Path(__file__).parent / "seen_genders.csv"


def seen_gender(source: str, name: str, path: Path) -> Gender | None:
    """The gender of the face in the picture `name` of `source`, which lies at `path`; None where it was not looked at.

    A picture of another size in bytes is another picture: copies of a set may number theirs in another way.
    """
    gender, size = _table().get((source, name), (None, 0))
    return gender if gender and path.stat().st_size == size else None


@cache
def _table() -> dict[tuple[str, str], tuple[Gender, int]]:
    return {
        (row["source"], row["picture"]): (words.GENDERS[row["gender"]], int(row["bytes"]))
        for _, row in read_rows(TABLE, ("source", "picture", "bytes", "gender"))
    }
