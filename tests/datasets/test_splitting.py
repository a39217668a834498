"""Splits by name and by person."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from faceannot.datasets.example import Example, Split
from faceannot.datasets.splitting import complete, mixed_sources, split_by_hash


def example(name: str, split: Split, source: str = "folders", subject: str | None = None) -> Example:
    return Example(source, name, Path(name), split, gender="male", subject=subject)


@given(st.text(), st.integers(0, 256))
def test_test_part_follows_the_first_byte_of_the_hash(key: str, below: int) -> None:
    first = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()[0]
    assert (split_by_hash(key, below) == "test") == (first < below)


def test_about_a_twentieth_of_the_rest_is_validation() -> None:
    splits = [split_by_hash(str(number), 51) for number in range(4000)]
    share = splits.count("validation") / (splits.count("validation") + splits.count("train"))
    assert 0.035 < share < 0.065


def test_a_source_without_parts_gets_all_three() -> None:
    found = complete([example(str(number), "train") for number in range(200)], ())
    assert {one.split for one in found} == {"train", "validation", "test"}


def test_a_source_with_a_test_part_gets_validation_alone() -> None:
    given = [example(f"train/{number}", "train") for number in range(200)]
    found = complete([*given, example("test/a", "test")], ())
    assert [one.name for one in found if one.split == "test"] == ["test/a"]
    assert any(one.split == "validation" for one in found)


def test_a_source_with_validation_stays_as_it_is() -> None:
    given = [example(f"a/{number}", "train") for number in range(200)] + [example("b", "validation")]
    assert complete(given, ()) == given


def test_sources_with_one_person_in_two_parts_are_to_be_split_by_person() -> None:
    mixed = [example("a", "train", "a", "anna"), example("b", "test", "a", "anna")]
    apart = [example("a", "train", "b", "anna"), example("b", "test", "b", "otto")]
    assert mixed_sources([*mixed, *apart]) == {"a"}


def test_pictures_of_unknown_people_are_tested_too_where_the_others_are_split_by_person() -> None:
    unknown = [example(str(number), "train") for number in range(200)]
    known = [example("a", "train", subject="anna"), example("b", "validation", subject="otto")]
    found = complete([*known, *unknown], {"folders"})
    assert found[:2] == known
    assert {one.split for one in found[2:]} == {"train", "validation", "test"}
