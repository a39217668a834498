"""What a person should know of a report first, in sentences, and which of the limits it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from faceannot.balance.counts import AXES, Axis, Count
from faceannot.balance.groups import Group, Grouping, Kind, Leak
from faceannot.balance.report import Report
from faceannot.outputs.names import escape

What = Literal["empty", "unlabelled", "imbalance", "leak", "copies", "contradiction", "source", "unread", "skipped"]

# A ratio that class weights or sampling should do something about.
LARGE_RATIO = 2.0
KIND_NAMES: Mapping[Kind, str] = {
    "identical": "identical files",
    "pixels": "identical pixels",
    "near": "near copies",
    "people": "the same person",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the data, as a sentence."""

    what: What
    text: str


def findings(report: Report) -> tuple[Finding, ...]:
    """What is wrong, the gravest first: nothing of a class, leaks, contradictions, sources, imbalance, copies."""
    return (
        *_empty(report),
        *_leaks(report),
        *_contradictions(report),
        *_sources(report),
        *_imbalance(report),
        *_copies(report),
        *_left_out(report),
    )


def broken_limits(report: Report, max_ratios: Mapping[Axis, float], *, fail_on_leak: bool) -> tuple[str, ...]:
    """Which limits the data break, and where: the ratio of an axis as a whole or in a split, and any leak."""
    ratios = [
        f"{axis} in {where.group}: {_ratio(where)}, above {limit:g}"
        for axis, limit in max_ratios.items()
        for where in _totals_and_splits(report, axis)
        if where.known and (where.ratio is None or where.ratio > limit)
    ]
    return (*ratios, *_broken_by_leaks(report)) if fail_on_leak else tuple(ratios)


def leak_text(kind: Kind, leak: Leak) -> str:
    """`136 of 2,755 test pictures: near copies in train (112 groups)`."""
    has = "a person who is also" if kind == "people" else KIND_NAMES[kind]
    groups = _number(len(leak.groups), "person", "people") if kind == "people" else _groups(leak.groups)
    return f"{leak.pictures:,} of {leak.of:,} {leak.second} pictures: {has} in {leak.first} ({groups})"


def _empty(report: Report) -> Iterator[Finding]:
    if not report.entries:
        yield Finding("empty", "there is not a single face")
        return
    for axis in AXES:
        total = report.totals[axis]
        if not total.known:
            yield Finding("unlabelled", f"no face has a known {axis}")
        elif total.empty:
            yield Finding("empty", f"no face at all is {_or(total.empty)}")
    for table in report.tables:
        for group in table.groups:
            if missing := [name for name in group.empty if name not in table.total.empty]:
                yield Finding("empty", f"{table.by} {group.group}: none of {group.known:,} faces is {_or(missing)}")


def _leaks(report: Report) -> Iterator[Finding]:
    for grouping in _telling(report):
        for leak in grouping.leaks:
            yield Finding("leak", leak_text(grouping.kind, leak))


def _contradictions(report: Report) -> Iterator[Finding]:
    for grouping in _telling(report):
        for label, groups in grouping.contradictions.items():
            if not groups:
                continue
            if grouping.kind == "people":
                yield Finding("contradiction", f"both genders for {_number(len(groups), 'person', 'people')}")
            else:
                where = f"{_groups(groups)} of {KIND_NAMES[grouping.kind]}{_between_sources(report, groups)}"
                yield Finding("contradiction", f"different {label} in {where}")


def _sources(report: Report) -> Iterator[Finding]:
    for association in report.associations:
        for share in association.shares:
            if share.telling:
                yield Finding(
                    "source",
                    f"{share.share:.0%} of {share.class_name} in {association.split} come from {escape(share.origin)}, "
                    f"but {share.elsewhere:.0%} of the rest: a network may learn the source "
                    f"(Cramer's V of {association.axis} and source {association.cramers_v:.2f})",
                )


def _imbalance(report: Report) -> Iterator[Finding]:
    for axis, total in report.totals.items():
        if total.ratio is not None and total.ratio >= LARGE_RATIO:
            yield Finding("imbalance", f"{axis}: {_ratio(total)}")


def _copies(report: Report) -> Iterator[Finding]:
    for grouping in _telling(report):
        if grouping.kind != "people" and grouping.groups:
            found = f"{grouping.pictures:,} pictures in {_groups(grouping.groups)} of {KIND_NAMES[grouping.kind]}"
            yield Finding("copies", f"{found}, {grouping.pictures - len(grouping.groups):,} of them extra")


def _left_out(report: Report) -> Iterator[Finding]:
    if report.copies and report.copies.unread:
        yield Finding("unread", f"{_number(len(report.copies.unread), 'picture')} that could not be read or compared")
    if report.skipped:
        yield Finding("skipped", f"{_number(len(report.skipped), 'warning')} of what was left out while reading")


def _broken_by_leaks(report: Report) -> Iterator[str]:
    for grouping in _telling(report):
        for leak in grouping.leaks:
            yield f"{leak_text(grouping.kind, leak)}, such as {_pair(report, grouping, leak)}"
    if report.copies and report.copies.unread:
        position, reason = next(iter(report.copies.unread.items()))
        name = escape(report.entries[position].name)
        yield f"{_number(len(report.copies.unread), 'picture')} not compared, such as {name}: {reason}"


def _pair(report: Report, grouping: Grouping, leak: Leak) -> str:
    """The first two pictures of a leak's first group, one on either side."""
    group = [report.entries[position] for position in leak.groups[0]]
    sides = [next(entry for entry in group if entry.split == split) for split in (leak.first, leak.second)]
    return " and ".join(escape(f"{side.source} {side.name} ({side.split})") for side in sides)


def _telling(report: Report) -> Iterator[Grouping]:
    """The groupings that say something of their own: identical pixels mostly are identical files."""
    for grouping in report.groupings:
        if grouping.kind != "pixels" or not report.copies or grouping.groups != report.copies.identical.groups:
            yield grouping


def _totals_and_splits(report: Report, axis: Axis) -> Iterator[Count]:
    yield report.totals[axis]
    for table in report.tables:
        if table.axis == axis and table.by == "split" and len(table.groups) > 1:
            yield from table.groups


def _ratio(counted: Count) -> str:
    largest = max(counted.classes, key=counted.classes.__getitem__)
    smallest = min(counted.classes, key=counted.classes.__getitem__)
    sizes = f"{counted.classes[largest]:,} {largest} to {counted.classes[smallest]:,} {smallest}"
    return f"ratio {counted.ratio:.1f}, {sizes}" if counted.ratio is not None else f"no {smallest} at all, {sizes}"


def _between_sources(report: Report, groups: Sequence[Group]) -> str:
    """How many of the groups are of two data sets or more, if that is not none."""
    between = sum(len({report.entries[position].source for position in group}) > 1 for group in groups)
    return f", {between:,} between sources" if between else ""


def _groups(groups: Sequence[Group]) -> str:
    return _number(len(groups), "group")


def _number(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _or(names: Sequence[str]) -> str:
    return " or ".join(names)
