"""One labelled face as the report counts it, and all faces of the source data sets and tables together."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from faceannot.datasets.example import Example, Split
from faceannot.datasets.naming import free_names
from faceannot.records import EXPRESSIONS, LABEL_OF, Emotion, Expression, Gender, Label


@dataclass(frozen=True, slots=True)
class Entry:
    """One labelled face; what is not known is None.

    `source`: the data set or table. `name`: of the picture within it. `content`: gives the picture's encoded bytes,
    or raises OSError or PhotoError; None for the second and later faces of one picture, which the first stands for.
    `subject`: who it shows; only within the source does the same word mean the same person.
    `group`: any that a manifest names.
    """

    source: str
    name: str
    content: Callable[[], bytes] | None = None
    split: Split | None = None
    gender: Gender | None = None
    expression: Expression | None = None
    emotion: Emotion | None = None
    age: int | None = None
    ethnicity: str | None = None
    subject: str | None = None
    group: str | None = None

    @property
    def label(self) -> Label | None:
        """One of the four, where gender and emotion are known."""
        return LABEL_OF[self.emotion, self.gender] if self.emotion and self.gender else None


@dataclass(frozen=True, slots=True)
class Collection:
    """Everything that one report is about. `skipped`: what the readers left out, a line each."""

    entries: tuple[Entry, ...]
    skipped: tuple[str, ...] = ()


def from_example(example: Example) -> Entry:
    """An example of a source data set as an entry: votes become the expression with most of them."""
    expression = None
    if example.expression is not None:
        expression = EXPRESSIONS[max(range(len(EXPRESSIONS)), key=example.expression.__getitem__)]
    return Entry(
        source=example.source,
        name=example.name,
        content=example.path.read_bytes if example.index is None else partial(_as_png, example),
        split=example.split,
        gender=example.gender,
        expression=expression,
        emotion=expression if expression == "happy" or expression == "sad" else None,
        age=example.age,
        ethnicity=example.ethnicity,
        subject=example.subject,
        group=example.group,
    )


def _as_png(example: Example) -> bytes:
    """A picture that lies inside another file, as a file of its own."""
    from PIL import Image

    encoded = io.BytesIO()
    Image.fromarray(example.picture()).save(encoded, "PNG")
    return encoded.getvalue()


def collect(parts: Iterator[Iterator[Entry]]) -> Collection:
    """All entries of the parts, one part an argument of the command.

    A source name that an earlier part had already gets a number, so that names and people are not mixed up. What
    the readers of `faceannot.datasets` warn of is kept in `skipped`.
    """
    entries: list[Entry] = []
    taken: set[str] = set()
    with _warnings_kept() as skipped:
        for part in parts:
            some = list(part)
            names = free_names((entry.source for entry in some), taken)
            entries += [replace(entry, source=names[entry.source]) for entry in some]
            taken.update(names.values())
    return Collection(tuple(entries), tuple(skipped))


class _Keeper(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{record.name.rpartition('.')[2]}: {record.getMessage()}")


@contextmanager
def _warnings_kept() -> Iterator[list[str]]:
    """A list of what is warned of below `faceannot` meanwhile, in place of lines on standard error."""
    lines: list[str] = []
    logger, keeper = logging.getLogger("faceannot"), _Keeper(lines)
    logger.addHandler(keeper)
    try:
        yield lines
    finally:
        logger.removeHandler(keeper)
