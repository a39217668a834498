"""One labelled picture from a source data set, and the split it belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from faceannot.records import EXPRESSIONS, Expression, Gender

Split = Literal["train", "validation", "test"]
# Share of 256 that the second byte of the hash sends from training to validation: 5 %.
VALIDATION_BELOW = 13


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled picture; a label that the source does not give is None.

    `expression`: shares of the seven expressions in the order of `EXPRESSIONS`, summing to 1 (votes, or one 1.0).
    `subject`: who it shows, where the source knows. `age` in years.
    """

    source: str
    name: str
    path: Path
    split: Split
    gender: Gender | None = None
    expression: tuple[float, ...] | None = None
    age: int | None = None
    ethnicity: str | None = None
    subject: str | None = None


def one_hot(expression: Expression) -> tuple[float, ...]:
    """`expression` as shares of the seven."""
    return tuple(float(name == expression) for name in EXPRESSIONS)


def split_by_hash(key: str, test_below: int) -> Split:
    """The split that every figure uses: the SHA-256 of `key`, first byte below `test_below` is test.

    Of the rest, a second byte below 13 is validation.
    """
    digest = hashlib.sha256(key.encode()).digest()
    if digest[0] < test_below:
        return "test"
    return "validation" if digest[1] < VALIDATION_BELOW else "train"


def first_copies(paths: Iterable[Path]) -> dict[Path, Path]:
    """Each of `paths` to the first byte-identical one among them, in their order."""
    first: dict[bytes, Path] = {}
    return {path: first.setdefault(hashlib.sha256(path.read_bytes()).digest(), path) for path in paths}
