"""Class weights and sampling counts: that they balance."""

from __future__ import annotations

from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from faceannot.balance.counts import Count
from faceannot.balance.sampling import balance, plans
from tests.balance.making import entries

SIZES = st.lists(st.integers(0, 10_000), min_size=1, max_size=7)


def counted(sizes: list[int]) -> Count:
    return Count("all", {str(number): size for number, size in enumerate(sizes)}, 0)


@given(SIZES)
def test_weights_give_each_class_the_same_sum_and_keep_the_total(sizes: list[int]) -> None:
    parts = balance(counted(sizes))
    sums = [part.weight * part.count for part in parts]
    assert all(isclose(each, sums[0]) for each in sums)
    assert isclose(sum(sums), sum(sizes))


@given(SIZES)
def test_sampling_balances_within_what_the_smallest_and_the_largest_have(sizes: list[int]) -> None:
    parts = balance(counted(sizes))
    assert len({part.undersampled for part in parts}) <= 1
    assert len({part.oversampled for part in parts}) <= 1
    assert all(0 < part.undersampled <= part.count <= part.oversampled <= max(sizes) for part in parts)


def test_an_empty_class_has_no_weight() -> None:
    assert [part.name for part in balance(counted([3, 0, 5]))] == ["0", "2"]


def test_plans_are_made_for_what_a_network_would_learn_from() -> None:
    faces = [
        *entries(6, gender="male", split="train"),
        *entries(2, gender="female", split="train"),
        *entries(9, gender="female", split="test"),
    ]
    (plan,) = plans(faces)
    assert (plan.split, [part.count for part in plan.classes]) == ("train", [6, 2])


def test_without_a_training_split_all_faces_are_planned_for() -> None:
    (plan,) = plans([*entries(1, gender="male"), *entries(2, gender="female")])
    assert (plan.split, [part.count for part in plan.classes]) == ("all", [1, 2])
