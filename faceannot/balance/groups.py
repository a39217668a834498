"""What follows where pictures belong together, as copies or as pictures of one person: leaks and contradictions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, get_args

from faceannot.balance.counts import SPLITS, UNKNOWN
from faceannot.balance.entries import Entry
from faceannot.datasets.example import Split

# Positions of entries, ascending; two or more.
Group = tuple[int, ...]
Kind = Literal["identical", "pixels", "near", "people"]
Said = Literal["gender", "expression", "age", "ethnicity"]

KINDS: tuple[Kind, ...] = get_args(Kind)
SAID: tuple[Said, ...] = get_args(Said)


@dataclass(frozen=True, slots=True)
class Leak:
    """`pictures` of the `of` pictures in `second` have a copy, or show a person, in `first`.

    `groups`: that have pictures in both.
    """

    first: Split
    second: Split
    groups: tuple[Group, ...]
    pictures: int
    of: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """One way in which pictures belong together.

    `extra`: pictures beyond the first of their group in each split. `contradictions`: groups in which a label has
    more than one value.
    """

    kind: Kind
    groups: tuple[Group, ...]
    extra: Mapping[str, int]
    leaks: tuple[Leak, ...]
    contradictions: Mapping[Said, tuple[Group, ...]]

    @property
    def pictures(self) -> int:
        """Pictures that are in some group."""
        return sum(map(len, self.groups))

    @property
    def leaking(self) -> frozenset[Group]:
        """Groups that are in more than one split."""
        return frozenset(group for leak in self.leaks for group in leak.groups)


def grouped(keys: Iterable[tuple[int, Hashable]]) -> list[Group]:
    """Positions that share a key, in the order of the first of each."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for position, key in keys:
        members[key].append(position)
    return [tuple(group) for group in members.values() if len(group) > 1]


def examine(kind: Kind, groups: Sequence[Group], entries: Sequence[Entry], said: Sequence[Said] = SAID) -> Grouping:
    """What follows from `groups`; contradictions are looked for in the labels `said`."""
    return Grouping(
        kind=kind,
        groups=tuple(groups),
        extra=_extra(groups, entries),
        leaks=_leaks(groups, entries),
        contradictions={label: _contradicting(groups, entries, label) for label in said},
    )


def people(entries: Sequence[Entry]) -> Grouping | None:
    """Pictures by who they show, and people with both genders; None where no source knows."""
    known = [(position, (entry.source, entry.subject)) for position, entry in enumerate(entries) if entry.subject]
    return examine("people", grouped(known), entries, ("gender",)) if known else None


def _extra(groups: Iterable[Group], entries: Sequence[Entry]) -> dict[str, int]:
    found = Counter[str]()
    for group in groups:
        for split, size in Counter(entries[position].split or UNKNOWN for position in group).items():
            found[split] += size - 1
    return {split: found[split] for split in (*SPLITS, UNKNOWN) if found[split]}


def _leaks(groups: Sequence[Group], entries: Sequence[Entry]) -> tuple[Leak, ...]:
    sizes = Counter(entry.split for entry in entries if entry.content)
    across: dict[tuple[Split, Split], list[Group]] = defaultdict(list)
    leaked = Counter[tuple[Split, Split]]()
    for group in groups:
        inside = Counter(entries[position].split for position in group)
        for first, second in combinations(SPLITS, 2):
            if inside[first] and inside[second]:
                across[first, second].append(group)
                leaked[first, second] += inside[second]
    return tuple(
        Leak(first, second, tuple(across[first, second]), leaked[first, second], sizes[second])
        for first, second in combinations(SPLITS, 2)
        if across[first, second]
    )


def _contradicting(groups: Iterable[Group], entries: Sequence[Entry], label: Said) -> tuple[Group, ...]:
    return tuple(
        group for group in groups if len({getattr(entries[position], label) for position in group} - {None}) > 1
    )
