"""What trains and what is kept apart."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from faceannot.bundle import load_bundle
from faceannot.training.material import gather
from faceannot.training.recipe import parse
from faceannot.training.recipe_files import open_recipe
from faceannot.training.run import pool_of
from faceannot.training.splits import fold, with_validation
from tests import fakes
from tests.training.conftest import example

FACES = [example("a", number, gender="male") for number in range(500)]


def detector(folder: Path) -> Path:
    return load_bundle(fakes.bundle(folder / "model")).detector


def test_a_source_without_a_validation_part_gets_one() -> None:
    counts = Counter(one.split for one in with_validation(FACES, 0.2))
    assert 70 < counts["validation"] < 130
    assert counts.total() == 500


def test_a_source_with_its_own_keeps_it() -> None:
    own = [replace(one, source="b", split="validation" if place % 3 else "train") for place, one in enumerate(FACES)]
    assert with_validation(own, 0.2) == own


def test_a_sources_validation_part_has_the_recipes_share(tmp_path: Path) -> None:
    for folder in ("Training/male", "Training/female"):
        for number in range(60):
            colour = (255, number, 120 if "female" in folder else 0)
            fakes.save(np.full((48, 48, 3), colour, np.uint8), tmp_path / "a" / folder / f"{number}.png")
    material = gather([f"gender-folders:{tmp_path / 'a'}"], tmp_path / "cache", detector(tmp_path))
    file = open_recipe("gender-cnn")
    pool = pool_of(parse(file.table, file.origin), material)
    counts = Counter(one.split for one in pool.examples)
    assert 0.1 < counts["validation"] / (counts["validation"] + counts["train"]) < 0.3
    assert counts["test"] == Counter(one.split for one in material.sources[0].examples)["test"] > 0


def test_names_that_are_no_utf_8_are_cut_too() -> None:
    faces = [replace(one, name=os.fsdecode(b"\xff%d.png" % place)) for place, one in enumerate(FACES)]
    assert len({one.split for one in with_validation(faces, 0.2)}) == 2
    assert fold(faces, 0, 2, 0.2)[1]


def test_all_pictures_of_a_person_stay_together() -> None:
    people = [replace(one, subject=f"person {number // 10}") for number, one in enumerate(FACES)]
    for cut in (with_validation(people, 0.2), fold(people, 1, 4, 0.2)[0]):
        assert all(len({one.split for one in cut[start : start + 10]}) == 1 for start in range(0, 500, 10))


def test_each_example_is_in_one_fold_and_none_of_the_test_part_in_any() -> None:
    faces = [*FACES, replace(FACES[0], name="kept", split="test")]
    held = [[faces[place].name for place in fold(faces, number, 3, 0.2)[1]] for number in range(3)]
    assert sorted(name for names in held for name in names) == sorted(one.name for one in FACES)
    assert all(fold(faces, number, 3, 0.2)[0][-1] == faces[-1] for number in range(3))


def test_what_a_fold_judges_decides_nothing_else() -> None:
    for number in range(3):
        cut, places = fold(FACES, number, 3, 0.2)
        assert {cut[place].split for place in places} == {"test"}
        rest = Counter(cut[place].split for place in set(range(500)) - set(places))
        assert rest["test"] == 0
        assert 0.1 < rest["validation"] / rest.total() < 0.3
