"""Names of sources: one for each, however many there are of a kind, and what those of one kind have in common."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import chain, count

from faceannot.datasets.example import Example

_NUMBER = re.compile(r" \d+$")
# Both hold CelebA's pictures, and number the same people.
_CELEBA = frozenset({"celeba", "gender-folders"})


def free_names(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """A name for each of `names` that is not `taken`: the name itself, or one with a number, such as `utkface 2`."""
    free: dict[str, str] = {}
    for name in dict.fromkeys(names):
        used = {*taken, *free.values()}
        free[name] = next(one for one in chain([name], (f"{name} {n}" for n in count(2))) if one not in used)
    return free


def named_apart(parts: Iterable[Iterable[Example]]) -> list[list[Example]]:
    """The examples of each part, a source that an earlier part had already under a name of its own."""
    taken: set[str] = set()
    apart = []
    for part in parts:
        examples = list(part)
        names = free_names((one.source for one in examples), taken)
        taken.update(names.values())
        apart.append([_renamed(one, names[one.source]) for one in examples])
    return apart


def reader_name(source: str) -> str:
    """The name that its reader gave to a source: `utkface` for `utkface 2`."""
    return _NUMBER.sub("", source)


def people_of(source: str) -> str:
    """Within which the same `subject` is the same person: the source itself, or all that hold CelebA's pictures."""
    return "celeba" if reader_name(source) in _CELEBA else source


def _renamed(example: Example, name: str) -> Example:
    return example if example.source == name else replace(example, source=name)
