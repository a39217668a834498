"""The report as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from faceannot.balance.as_json import as_json
from tests.balance.reports import NASTY, faulty_report

DOCS = (Path(__file__).parent.parent.parent / "docs" / "balance-report.md").read_text(encoding="utf-8")


def faulty() -> dict[str, Any]:
    """As a reader of the file has it."""
    loaded: dict[str, Any] = json.loads(json.dumps(as_json(faulty_report(), ("a limit",)), allow_nan=False))
    return loaded


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in keys(inner)}
    return {key for inner in value for key in keys(inner)} if isinstance(value, list) else set()


def test_counts_are_what_was_counted() -> None:
    report = faulty()
    assert report["faces"] == 13
    assert report["totals"]["gender"] == {
        "classes": {"male": 11, "female": 1},
        "unknown": 1,
        "ratio": 11.0,
        "empty": [],
    }
    assert (report["totals"]["label"]["ratio"], report["totals"]["label"]["empty"]) == (None, ["SadFemale"])


def test_the_members_of_each_group_are_named_as_they_are() -> None:
    identical = faulty()["copies"]["identical"]
    assert [picture["name"] for picture in identical["members"][0]] == [NASTY, "copy.png"]
    assert (identical["groups"], identical["groups_across_splits"]) == (1, 1)
    assert identical["contradictions"]["gender"] == 1


def test_broken_limits_are_there() -> None:
    assert faulty()["broken_limits"] == ["a limit"]


def test_without_comparing_there_are_no_copies() -> None:
    assert as_json(faulty_report(copies=False), ())["copies"] is None


def test_each_field_is_documented() -> None:
    assert {key for key in keys(faulty()) if f"`{key}`" not in DOCS} == set()
