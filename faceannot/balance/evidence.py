"""Which of the pictures that belong together to show: few, and those that make a person see what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest

from faceannot.balance.entries import Entry
from faceannot.balance.groups import Group, Grouping

GROUPS_SHOWN = 6
MEMBERS_SHOWN = 6


def evidence(
    groupings: Sequence[Grouping], entries: Sequence[Entry]
) -> Iterator[tuple[Grouping, str, tuple[Group, ...]]]:
    """Each leak and contradiction with some of its groups, cut to some members.

    A group is shown once, and with the narrowest grouping that has it: identical files are near copies, too.
    """
    narrower: set[Group] = set()
    for grouping in groupings:
        shown = set(narrower)
        narrower.update(grouping.groups)
        for heading, field, groups in _wrong(grouping):
            fresh = list(islice((group for group in groups if group not in shown), GROUPS_SHOWN))
            shown.update(fresh)
            if fresh:
                cut = tuple(_members(group, entries, field) for group in fresh)
                yield grouping, f"{heading} ({len(fresh)} of {len(groups):,})", cut


def _wrong(grouping: Grouping) -> Iterator[tuple[str, str, tuple[Group, ...]]]:
    """What is shown of a grouping: a heading, the field in which the members should differ, and the groups."""
    for leak in grouping.leaks:
        yield f"in {leak.first} and {leak.second}", "split", leak.groups
    for label, groups in grouping.contradictions.items():
        if groups:
            yield f"different {label}", label, groups
    if grouping.kind != "people":
        yield "copies", "split", grouping.groups


def _members(group: Group, entries: Sequence[Entry], field: str) -> Group:
    """The first members of each value of `field` in turn, so that the difference is among those that are shown."""
    by_value: dict[object, list[int]] = {}
    for position in group:
        by_value.setdefault(getattr(entries[position], field), []).append(position)
    in_turn = chain.from_iterable(zip_longest(*by_value.values()))
    return tuple(islice((position for position in in_turn if position is not None), MEMBERS_SHOWN))
