"""Everything that a report says about a collection of labelled faces, before it becomes text, a page or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from faceannot.balance.association import Association, associations
from faceannot.balance.counts import AXES, Axis, Count, Table, count, count_all
from faceannot.balance.duplicates import Copies, find_copies
from faceannot.balance.entries import Collection, Entry
from faceannot.balance.groups import Grouping, people
from faceannot.balance.sampling import Plan, plans


@dataclass(frozen=True, slots=True)
class Report:
    """`copies` is None where nobody asked for them, `people` where no source names them."""

    entries: tuple[Entry, ...]
    skipped: tuple[str, ...]
    totals: dict[Axis, Count]
    tables: tuple[Table, ...]
    plans: tuple[Plan, ...]
    associations: tuple[Association, ...]
    people: Grouping | None
    copies: Copies | None

    def counts(self) -> Iterator[tuple[str, str, tuple[Count, ...]]]:
        """What there is to show of each axis: a title, what the groups are, and the groups with all faces last."""
        for axis, total in self.totals.items():
            tables = [table for table in self.tables if table.axis == axis]
            for table in tables:
                yield f"{axis} by {table.by}", table.by, (*table.groups, total)
            if not tables and total.known:
                yield axis, "", (total,)

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """Every way in which pictures belong together that was looked at."""
        copies = (self.copies.identical, self.copies.pixels, self.copies.near) if self.copies else ()
        return (*copies, self.people) if self.people else copies


def make_report(collection: Collection, threads: int | None, seen: Callable[[], object] = lambda: None) -> Report:
    """Count, and compare the pictures on `threads` threads (None: not at all); `seen` is called after each picture."""
    entries = collection.entries
    return Report(
        entries=entries,
        skipped=collection.skipped,
        totals={axis: count(entries, axis) for axis in AXES},
        tables=count_all(entries),
        plans=plans(entries),
        associations=associations(entries),
        people=people(entries),
        copies=None if threads is None else find_copies(entries, threads, seen),
    )
