"""What trains and what is kept apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from faceannot.training.splits import fold, with_validation
from tests.training.conftest import example

FACES = [example("a", number, gender="male") for number in range(500)]


def test_a_source_without_a_validation_part_gets_one() -> None:
    counts = Counter(one.split for one in with_validation(FACES, 0.2))
    assert 70 < counts["validation"] < 130
    assert counts.total() == 500


def test_a_source_with_its_own_keeps_it() -> None:
    own = [replace(FACES[0], source="b", split="validation"), *(replace(one, source="b") for one in FACES[1:])]
    assert with_validation(own, 0.2) == own


def test_all_pictures_of_a_person_stay_together() -> None:
    people = [replace(one, subject=f"person {number // 10}") for number, one in enumerate(FACES)]
    for cut in (with_validation(people, 0.2), fold(people, 1, 4)):
        assert all(len({one.split for one in cut[start : start + 10]}) == 1 for start in range(0, 500, 10))


def test_each_example_is_in_one_fold_and_none_of_the_test_part_in_any() -> None:
    faces = [*FACES, replace(FACES[0], name="kept", split="test")]
    held = [[one.name for one in fold(faces, number, 3) if one.split == "validation"] for number in range(3)]
    assert sorted(name for names in held for name in names) == sorted(one.name for one in FACES)
    assert all(fold(faces, number, 3)[-1] == faces[-1] for number in range(3))
