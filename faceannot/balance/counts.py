"""How many faces each class has, by split, source, age group, ethnicity and group."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from faceannot.balance.entries import Entry
from faceannot.datasets.example import Split
from faceannot.records import EXPRESSIONS, GENDERS, LABELS

Axis = Literal["gender", "emotion", "label", "expression"]
Grouped = Literal["split", "source", "age", "ethnicity", "group"]

AXES: tuple[Axis, ...] = get_args(Axis)
GROUPED: tuple[Grouped, ...] = get_args(Grouped)
SPLITS: tuple[Split, ...] = get_args(Split)
CLASSES: Mapping[Axis, tuple[str, ...]] = {
    "gender": GENDERS,
    "emotion": ("happy", "sad"),
    "label": LABELS,
    "expression": EXPRESSIONS,
}
UNKNOWN = "unknown"
# The age groups of FairFace (Karkkainen and Joo 2021).
AGE_STARTS = (0, 3, 10, 20, 30, 40, 50, 60, 70)
AGE_GROUPS = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+")


@dataclass(frozen=True, slots=True)
class Count:
    """How many faces of one group have each class of an axis; `unknown` have none."""

    group: str
    classes: Mapping[str, int]
    unknown: int

    @property
    def known(self) -> int:
        return sum(self.classes.values())

    @property
    def empty(self) -> tuple[str, ...]:
        """Classes that no face has, in a group where others are known."""
        return tuple(name for name, count in self.classes.items() if not count) if self.known else ()

    @property
    def ratio(self) -> float | None:
        """The largest class over the smallest; None where a class is empty."""
        smallest = min(self.classes.values())
        return max(self.classes.values()) / smallest if smallest else None


@dataclass(frozen=True, slots=True)
class Table:
    """The classes of `axis` for all faces and for each group of `by`, the group of unknown ones last."""

    axis: Axis
    by: Grouped
    total: Count
    groups: tuple[Count, ...]


def count(entries: Iterable[Entry], axis: Axis, group: str = "all") -> Count:
    """How many of `entries` have each class of `axis`."""
    found = Counter(class_of(entry, axis) for entry in entries)
    return Count(group, {name: found[name] for name in CLASSES[axis]}, found[None])


def count_all(entries: Sequence[Entry]) -> tuple[Table, ...]:
    """A table for each axis and grouping that parts the faces, where some face has both a class and a group."""
    groupings = {by: _grouped(entries, by) for by in GROUPED}
    parted = {by: groups for by, groups in groupings.items() if len(groups) > 1}
    tables = (_table(entries, axis, by, groups) for axis in AXES for by, groups in parted.items())
    return tuple(table for table in tables if any(group.known for group in table.groups if group.group != UNKNOWN))


def _table(entries: Sequence[Entry], axis: Axis, by: Grouped, groups: Mapping[str, Sequence[Entry]]) -> Table:
    counts = tuple(count(members, axis, name) for name, members in groups.items())
    return Table(axis, by, count(entries, axis), counts)


def class_of(entry: Entry, axis: Axis) -> str | None:
    """The class of a face, None where it is not known."""
    value: str | None = getattr(entry, axis)
    return value


def age_group(age: int | None) -> str | None:
    """The group that an age in years falls into."""
    return None if age is None else AGE_GROUPS[bisect.bisect_right(AGE_STARTS, age) - 1]


def trained_on(entries: Sequence[Entry]) -> tuple[str, list[Entry]]:
    """What a network would learn from, and its name: the training split, or everything where there is none."""
    training = [entry for entry in entries if entry.split == "train"]
    return ("train", training) if training else ("all", list(entries))


_GROUP_OF: Mapping[Grouped, Callable[[Entry], str | None]] = {
    "split": lambda entry: entry.split,
    "source": lambda entry: entry.source,
    "age": lambda entry: age_group(entry.age),
    "ethnicity": lambda entry: entry.ethnicity,
    "group": lambda entry: entry.group,
}
_ORDER: Mapping[Grouped, Sequence[str]] = {"split": SPLITS, "age": AGE_GROUPS}


def _grouped(entries: Iterable[Entry], by: Grouped) -> dict[str, list[Entry]]:
    """Entries by group: in the order of time or use where there is one, else the largest first; unknown last."""
    groups: dict[str, list[Entry]] = {name: [] for name in _ORDER.get(by, ())}
    for entry in entries:
        groups.setdefault(_GROUP_OF[by](entry) or UNKNOWN, []).append(entry)
    if by not in _ORDER:
        groups = dict(sorted(groups.items(), key=lambda item: -len(item[1])))
    unknown = {UNKNOWN: groups.pop(UNKNOWN)} if UNKNOWN in groups else {}
    return {name: members for name, members in (groups | unknown).items() if members}
