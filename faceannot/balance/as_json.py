"""A report as JSON values; docs/balance-report.md describes each field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from faceannot._version import __version__
from faceannot.balance.association import Association
from faceannot.balance.counts import Count, Table
from faceannot.balance.entries import Entry
from faceannot.balance.findings import findings
from faceannot.balance.groups import Group, Grouping
from faceannot.balance.report import Report
from faceannot.outputs.names import escape

# Counts up when a field changes its meaning; new fields do not change it.
FORMAT = 1

Json = dict[str, Any]


def as_json(report: Report, broken: Sequence[str]) -> Json:
    """The whole report; `broken`: the limits that the data break."""
    return {
        "faceannot": __version__,
        "format": FORMAT,
        "faces": len(report.entries),
        "broken_limits": list(broken),
        "findings": [asdict(finding) for finding in findings(report)],
        "totals": {axis: _count(total) for axis, total in report.totals.items()},
        "tables": [_table(table) for table in report.tables],
        "plans": [asdict(plan) for plan in report.plans],
        "associations": [_association(association) for association in report.associations],
        "copies": _copies(report),
        "people": _grouping(report.people, report.entries) if report.people else None,
        "skipped": [escape(line) for line in report.skipped],
    }


def _count(counted: Count) -> Json:
    return {
        "classes": dict(counted.classes),
        "unknown": counted.unknown,
        "ratio": counted.ratio,
        "empty": list(counted.empty),
    }


def _table(table: Table) -> Json:
    groups = [{"group": escape(group.group), **_count(group)} for group in table.groups]
    return {"axis": table.axis, "by": table.by, "groups": groups}


def _association(association: Association) -> Json:
    shares = [
        {**asdict(share), "origin": escape(share.origin), "telling": share.telling} for share in association.shares
    ]
    return {**asdict(association), "shares": shares}


def _copies(report: Report) -> Json | None:
    if report.copies is None:
        return None
    copies, entries = report.copies, report.entries
    return {
        "pictures": copies.pictures,
        "identical": _grouping(copies.identical, entries),
        "pixels": _grouping(copies.pixels, entries),
        "near": _grouping(copies.near, entries),
        "unread": [{**_picture(entries[position]), "reason": reason} for position, reason in copies.unread.items()],
    }


def _grouping(grouping: Grouping, entries: Sequence[Entry]) -> Json:
    """People who are neither in two splits nor of both genders are counted and not listed."""
    contradicting = {group for groups in grouping.contradictions.values() for group in groups}
    wrong = contradicting | grouping.leaking
    listed = [group for group in grouping.groups if grouping.kind != "people" or group in wrong]
    return {
        "groups": len(grouping.groups),
        "pictures": grouping.pictures,
        "groups_across_splits": len(grouping.leaking),
        "extra": dict(grouping.extra),
        "leaks": [{**asdict(leak), "groups": len(leak.groups)} for leak in grouping.leaks],
        "contradictions": {label: len(groups) for label, groups in grouping.contradictions.items()},
        "members": [_members(group, entries) for group in listed],
    }


def _members(group: Group, entries: Sequence[Entry]) -> list[Json]:
    return [_picture(entries[position]) for position in group]


def _picture(entry: Entry) -> Json:
    """Where a picture is and what is known of it."""
    known = {
        "split": entry.split,
        "gender": entry.gender,
        "expression": entry.expression,
        "age": entry.age,
        "ethnicity": entry.ethnicity,
        "subject": entry.subject,
    }
    labels = {name: value for name, value in known.items() if value is not None}
    return {"source": escape(entry.source), "name": escape(entry.name), **labels}
