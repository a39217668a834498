"""Counts by class and group, ratios and empty cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.balance.counts import AGE_GROUPS, UNKNOWN, Count, Table, age_group, count, count_all
from faceannot.balance.entries import Entry
from tests.balance.making import entries


def table(faces: list[Entry], axis: str, by: str) -> Table:
    return next(found for found in count_all(faces) if (found.axis, found.by) == (axis, by))


def test_faces_are_counted_by_class_and_split() -> None:
    faces = [*entries(3, gender="male", split="train"), *entries(1, gender="female", split="test")]
    groups = table(faces, "gender", "split").groups
    assert [(group.group, dict(group.classes)) for group in groups] == [
        ("train", {"male": 3, "female": 0}),
        ("test", {"male": 0, "female": 1}),
    ]


def test_faces_are_counted_by_the_groups_of_a_manifest() -> None:
    faces = [*entries(3, gender="male", group="studio"), *entries(1, gender="female", group="street")]
    assert [(group.group, group.known) for group in table(faces, "gender", "group").groups] == [
        ("studio", 3),
        ("street", 1),
    ]


def test_the_four_labels_need_gender_and_emotion() -> None:
    faces = [*entries(2, gender="male", emotion="sad"), *entries(1, gender="male"), *entries(1, emotion="sad")]
    counted = count(faces, "label")
    assert (counted.classes["SadMale"], counted.known, counted.unknown) == (2, 2, 2)


def test_faces_of_an_unknown_class_and_of_an_unknown_group_are_counted_as_such() -> None:
    faces = [*entries(2, gender="male", age=30), *entries(3, gender="male"), *entries(1, age=30)]
    groups = table(faces, "gender", "age").groups
    assert [(group.group, group.known, group.unknown) for group in groups] == [("30-39", 2, 1), (UNKNOWN, 3, 0)]


def test_an_axis_that_nobody_labelled_and_a_group_that_parts_nothing_have_no_table() -> None:
    faces = [*entries(2, gender="male", split="train", age=3), *entries(2, gender="male", split="train", age=30)]
    assert {(found.axis, found.by) for found in count_all(faces)} == {("gender", "age")}


def test_a_grouping_that_no_labelled_face_has_is_no_table() -> None:
    faces = [*entries(2, gender="male", age=30), *entries(2, expression="sad")]
    assert {(found.axis, found.by) for found in count_all(faces)} == {("gender", "age")}


def test_a_class_without_a_face_is_empty_and_has_no_ratio() -> None:
    counted = count(entries(4, gender="male"), "gender")
    assert (counted.empty, counted.ratio) == (("female",), None)


def test_where_no_class_is_known_none_is_called_empty() -> None:
    assert count(entries(4), "gender").empty == ()


def test_the_ratio_is_that_of_the_largest_to_the_smallest() -> None:
    assert Count("all", {"male": 6, "female": 4}, 0).ratio == 1.5


@pytest.mark.parametrize(
    ("age", "group"), [(0, "0-2"), (2, "0-2"), (3, "3-9"), (69, "60-69"), (70, "70+"), (116, "70+")]
)
def test_ages_fall_into_groups(age: int, group: str) -> None:
    assert age_group(age) == group


@given(st.integers(0, 119))
def test_age_groups_are_in_order(age: int) -> None:
    earlier, later = age_group(age), age_group(age + 1)
    assert earlier and later and AGE_GROUPS.index(earlier) <= AGE_GROUPS.index(later)


@given(st.lists(st.sampled_from(["male", "female", None])), st.lists(st.sampled_from(["train", "test", None])))
def test_every_face_is_counted_once_in_every_table(genders: list[str | None], splits: list[str | None]) -> None:
    faces = [
        one
        for gender, split in zip(genders, splits, strict=False)
        for one in entries(1, gender=gender, split=split, source=str(split))
    ]
    for found in count_all(faces):
        assert sum(group.known + group.unknown for group in found.groups) == len(faces)
        assert sum(group.known for group in found.groups) == found.total.known
