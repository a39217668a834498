"""Leaks between splits, extra copies, contradictions, people."""

from __future__ import annotations

from faceannot.balance.groups import examine, people
from tests.balance.making import entry

PICTURE = b"picture"


def test_pictures_of_the_later_split_that_have_a_copy_in_the_earlier_are_counted() -> None:
    splits = ("train", "test", "test", "test", "train", "validation")
    faces = [entry(str(n), PICTURE, split=split) for n, split in enumerate(splits)]
    found = examine("identical", [(0, 1, 2), (3, 4)], faces)
    (leak,) = found.leaks
    assert (leak.first, leak.second, leak.pictures, leak.of, leak.groups) == (
        "train",
        "test",
        3,
        3,
        ((0, 1, 2), (3, 4)),
    )
    assert found.leaking == {(0, 1, 2), (3, 4)}


def test_copies_within_a_split_are_no_leak_but_extra() -> None:
    faces = [entry(str(n), PICTURE, split="train") for n in range(3)]
    found = examine("identical", [(0, 1, 2)], faces)
    assert (found.leaks, found.extra) == ((), {"train": 2})


def test_copies_whose_labels_disagree_are_contradictions_also_between_sources() -> None:
    faces = [
        entry("a", source="one", gender="male", age=20),
        entry("a", source="two", gender="female", age=20),
        entry("b", gender="male", age=30),
        entry("c", age=31),
    ]
    said = examine("identical", [(0, 1), (2, 3)], faces).contradictions
    assert (said["gender"], said["age"], said["expression"]) == (((0, 1),), ((2, 3),), ())


def test_people_in_two_splits_and_with_both_genders_are_found() -> None:
    faces = [
        entry("a", PICTURE, subject="7", split="train", gender="male"),
        entry("b", PICTURE, subject="7", split="validation", gender="female"),
        entry("c", PICTURE, subject="8", split="train", gender="male"),
        entry("d", PICTURE, subject="8", split="train", gender="male"),
        entry("e", PICTURE, split="validation", gender="male"),
    ]
    found = people(faces)
    assert found
    assert found.groups == ((0, 1), (2, 3))
    assert [(leak.pictures, leak.of) for leak in found.leaks] == [(1, 2)]
    assert found.contradictions == {"gender": ((0, 1),)}


def test_the_same_number_in_two_sources_is_not_the_same_person() -> None:
    found = people([entry("a", source="one", subject="7"), entry("a", source="two", subject="7")])
    assert found
    assert found.groups == ()


def test_without_identities_there_are_no_people() -> None:
    assert people([entry("a"), entry("b")]) is None
