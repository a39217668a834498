"""Groups are named worst first, and only those of enough faces make a gap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from faceannot.evaluation.groups import FEWEST_FACES, Dimension, dimensions
from faceannot.evaluation.judged import Judged
from faceannot.evaluation.questions import ask
from tests.evaluation.conftest import table

MANY = 2 * FEWEST_FACES


def divided(judged: Judged) -> dict[str, Dimension]:
    (answers,) = ask(judged, 0.5)
    return {dimension.name: dimension for dimension in dimensions(judged, answers)}


def test_women_who_are_read_as_men_make_the_gap() -> None:
    # Of the women a quarter is wrong, of the men none.
    female = [0.9] * (MANY * 3 // 4) + [0.1] * (MANY // 4) + [0.1] * MANY
    dimension = divided(table([1] * MANY + [0] * MANY, female))["gender"]
    assert [(group.name, group.accuracy) for group in dimension.groups] == [("women", 0.75), ("men", 1.0)]
    assert dimension.gap is not None
    assert (dimension.gap.worst, dimension.gap.best, dimension.gap.difference) == ("women", "men", 0.25)
    assert 0 < dimension.gap.interval.low < 0.25 < dimension.gap.interval.high


def test_a_group_of_few_faces_is_shown_and_makes_no_gap() -> None:
    judged = table([0] * (MANY + 1), [0.1] * MANY + [0.9], ethnicities=["White"] * MANY + ["Indian"])
    dimension = divided(judged)["ethnicity"]
    assert [group.name for group in dimension.groups] == ["Indian", "White"]
    assert dimension.gap is None


def test_groups_that_a_manifest_names_are_told_apart() -> None:
    judged = table([0] * (MANY + 2), [0.1] * MANY + [0.9] * 2, groups=["studio"] * MANY + ["street", ""])
    groups = divided(judged)["group"].groups
    assert [(group.name, group.faces, group.right) for group in groups] == [("street", 1, 0), ("studio", MANY, MANY)]


def test_ages_are_grouped_by_both_ends() -> None:
    ages = [20, 29, 30, 69, 70, 101]
    groups = divided(table([0] * 6, [0.1] * 6, ages=ages))["age"].groups
    assert {group.name: group.faces for group in groups} == {
        "20 to 29": 2,
        "30 to 49": 1,
        "50 to 69": 1,
        "70 and over": 2,
    }


def test_a_face_of_unknown_age_or_ethnicity_is_in_no_such_group() -> None:
    judged = table([0, 0, 0], [0.1] * 3, ages=[25, 45, -1], ethnicities=["Asian", "Black", ""])
    found = divided(judged)
    assert sum(group.faces for group in found["age"].groups) == 2
    assert sum(group.faces for group in found["ethnicity"].groups) == 2


def test_a_lost_face_counts_in_its_group_and_in_no_size() -> None:
    judged = table([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.9], sides_px=[40, 90, 40, 90], lost=[True, False, False, False])
    found = divided(judged)
    men = next(group for group in found["gender"].groups if group.name == "men")
    assert (men.faces, men.right, men.lost) == (2, 1, 1)
    assert sum(group.faces for group in found["face size"].groups) == 3


def test_one_group_alone_is_no_comparison() -> None:
    assert divided(table([0, 0], [0.1, 0.1])) == {}


@pytest.mark.parametrize(("side", "name"), [(31.4, "1 to 31 px"), (32.0, "32 to 47 px"), (160.0, "160 and over px")])
def test_faces_are_grouped_by_their_longer_side(side: float, name: str) -> None:
    found = divided(table([0, 0], [0.1, 0.1], sides_px=[side, 70.0]))["face size"]
    assert name in {group.name for group in found.groups}


def test_happy_and_sad_are_told_apart_by_gender() -> None:
    happy, sad = [0, 0.9, 0.1, 0, 0, 0, 0], [0, 0.1, 0.9, 0, 0, 0, 0]
    judged = table([0, 1, 0, 1], [0.5] * 4, expressions=[1, 1, 2, 2], scores=[happy, sad, sad, sad])
    found = {group.name: group.accuracy for group in divided(judged)["gender and emotion"].groups}
    assert found == {"happy male": 1.0, "happy female": 0.0, "sad male": 1.0, "sad female": 1.0}


def test_guessed_genders_divide_faces_apart_from_those_that_people_said() -> None:
    happy, sad = [0, 0.9, 0.1, 0, 0, 0, 0], [0, 0.1, 0.9, 0, 0, 0, 0]
    judged = table([-1, -1, -1], [0.5] * 3, expressions=[1, 1, 1], scores=[happy, sad, happy])
    assert "gender" not in divided(judged)
    found = divided(replace(judged, guessed_gender=np.array([0, 1, -1])))
    assert "gender" not in found
    assert {one.name: one.accuracy for one in found["gender, by a model"].groups} == {"male": 1.0, "female": 0.0}
    assert [one.name for one in found["gender and emotion, by a model"].groups] == ["happy female", "happy male"]
