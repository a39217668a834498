"""One labelled picture from a source data set, and the split it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from faceannot.records import EXPRESSIONS, Expression, Gender

if TYPE_CHECKING:
    from faceannot.images import RgbArray

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled picture; a label that the source does not give is None.

    `split`: the source's own; "train" where it has none. `expression`: shares of the seven expressions in the order
    of `EXPRESSIONS`, summing to 1 (votes, or one 1.0). `age` in years. `subject`: who it shows, where the source
    knows. `index`: where the picture is in `path`, if that file holds many. `group`: any group that a manifest names.
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
    index: int | None = None
    group: str | None = None

    def picture(self) -> RgbArray:
        """Its pixels (height, width, 3) uint8, upright. Raises `PhotoError` where they cannot be read."""
        from faceannot.datasets import pictures

        return pictures.read(self.path, self.index)

    def content(self) -> bytes:
        """What is the same for two pictures that are copies: the file's bytes, or the pixels where there is no file.

        Raises `PhotoError` where it cannot be read.
        """
        from faceannot.datasets import pictures

        return pictures.content(self.path, self.index)


def one_hot(expression: Expression) -> tuple[float, ...]:
    """`expression` as shares of the seven."""
    return tuple(float(name == expression) for name in EXPRESSIONS)
