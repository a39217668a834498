"""How often examples are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from faceannot.datasets.example import one_hot
from faceannot.training.sampling import draw_weights
from tests.training.conftest import example

PEOPLE = [example("utkface", n, gender="male" if n < 8 else "female", age=40) for n in range(10)]
FACES = [example("rafdb", n, expression=one_hot("happy" if n < 4 else "fear")) for n in range(5)]


def test_each_source_gets_its_share_whatever_its_size() -> None:
    weights = draw_weights([*PEOPLE, *FACES], {"utkface": 0.25, "rafdb": 0.75}, 0.5)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[:10].sum() == pytest.approx(0.25)


def test_a_source_without_a_share_is_never_drawn() -> None:
    assert draw_weights([*PEOPLE, *FACES], {"utkface": 1.0}, 0.5)[10:].sum() == 0.0


@pytest.mark.parametrize(("power", "women"), [(0.0, 0.2), (0.5, 1 / 3), (1.0, 0.5)])
def test_power_evens_out_the_groups_of_a_source(power: float, women: float) -> None:
    weights = draw_weights(PEOPLE, {"utkface": 1.0}, power)
    assert weights[8:].sum() == pytest.approx(women)


def test_age_groups_are_cells_of_their_own() -> None:
    old_and_young = [example("utkface", n, gender="male", age=75 if n == 0 else 25) for n in range(5)]
    assert np.allclose(draw_weights(old_and_young, {"utkface": 1.0}, 1.0), [0.5, *[0.125] * 4])


def test_women_and_men_of_an_expression_are_cells_of_their_own() -> None:
    seen = [example("rafdb", n, gender="female" if n == 0 else None, expression=one_hot("happy")) for n in range(5)]
    assert np.allclose(draw_weights(seen, {"rafdb": 1.0}, 1.0), [0.5, *[0.125] * 4])
