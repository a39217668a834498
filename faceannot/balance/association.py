"""Whether where a picture comes from gives its class away, so that a network would learn the camera."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import PurePosixPath

from faceannot.balance.counts import AXES, CLASSES, Axis, class_of, trained_on
from faceannot.balance.entries import Entry

# An origin gives a class away when its share of the class is above its share of the other classes by this much.
TELLING = 0.25
# Fewer pictures of a class say nothing.
FEWEST = 20
# File names that begin alike are a sub-source if they are this part of their source or more; if that is true of less
# than nine tenths of a source, its names begin with something else, such as people's names.
_SUB_SOURCE = 0.01
_MOSTLY = 0.9
_BEGINNING = re.compile(r"[a-z]+")
_CLASS_WORDS = {name.lower() for names in CLASSES.values() for name in names}


@dataclass(frozen=True, slots=True)
class Share:
    """`share`: of the class's pictures from `origin`; `elsewhere`: of the other classes' pictures."""

    origin: str
    class_name: str
    pictures: int
    share: float
    elsewhere: float

    @property
    def telling(self) -> bool:
        return self.share - self.elsewhere >= TELLING


@dataclass(frozen=True, slots=True)
class Association:
    """How closely origins go with the classes of `axis`: `cramers_v` is 0 for not at all, 1 for wholly."""

    axis: Axis
    split: str
    cramers_v: float
    shares: tuple[Share, ...]


def associations(entries: Sequence[Entry]) -> tuple[Association, ...]:
    """One for each axis that faces of two origins or more are labelled on, among those a network would learn from."""
    split, training = trained_on(entries)
    found = list(zip(training, origins(training), strict=True))
    made = []
    for axis in AXES:
        cells = Counter((origin, name) for entry, origin in found if (name := class_of(entry, axis)))
        if len({origin for origin, _ in cells}) > 1:
            made.append(Association(axis, split, cramers_v(cells), _shares(cells)))
    return tuple(made)


def origins(entries: Sequence[Entry]) -> list[str]:
    """Where each picture comes from: its source, and how its file name begins where that parts the source.

    `ffhq_1.png` and `image1.png` of one source are two origins.
    """
    beginnings = [_beginning(entry.name) for entry in entries]
    sizes = Counter(entry.source for entry in entries)
    pairs = Counter((entry.source, beginning) for entry, beginning in zip(entries, beginnings, strict=True))
    common = {pair for pair, size in pairs.items() if pair[1] and size >= _SUB_SOURCE * sizes[pair[0]]}
    covered = Counter[str]()
    for pair in common:
        covered[pair[0]] += pairs[pair]
    parted = {source for source in sizes if covered[source] >= _MOSTLY * sizes[source]}
    parted &= {source for source, n in Counter(source for source, _ in common).items() if n > 1}
    return [
        f"{entry.source}: {beginning if (entry.source, beginning) in common else ''}*"
        if entry.source in parted
        else entry.source
        for entry, beginning in zip(entries, beginnings, strict=True)
    ]


def cramers_v(cells: Counter[tuple[str, str]]) -> float:
    """Cramer's V of a table of counts, 0 to 1: the root of chi-squared over its largest possible value."""
    rows, columns = Counter[str](), Counter[str]()
    for (row, column), size in cells.items():
        rows[row] += size
        columns[column] += size
    total = rows.total()
    smaller = min(len(rows), len(columns)) - 1
    if smaller < 1:
        return 0.0
    observed = sum(size * size / (rows[row] * columns[column]) for (row, column), size in cells.items())
    return sqrt(max(0.0, observed - 1) / smaller) if total else 0.0


def _beginning(name: str) -> str:
    match = _BEGINNING.match(PurePosixPath(name).name.lower())
    return match[0] if match and match[0] not in _CLASS_WORDS else ""


def _shares(cells: Counter[tuple[str, str]]) -> tuple[Share, ...]:
    """The share of each class that comes from each origin, the most telling first."""
    columns, rows = Counter[str](), Counter[str]()
    for (origin, name), size in cells.items():
        rows[origin] += size
        columns[name] += size
    total = columns.total()
    shares = [
        Share(origin, name, size, size / columns[name], (rows[origin] - size) / (total - columns[name]))
        for (origin, name), size in cells.items()
        if columns[name] >= FEWEST and total > columns[name]
    ]
    return tuple(sorted(shares, key=lambda share: share.elsewhere - share.share))
