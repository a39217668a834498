"""Recipes of a line-up are trained once: what is finished stays, what was stopped goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from faceannot.errors import UsageError
from faceannot.training.epochs import Moment
from faceannot.training.lineup import train_unless_finished
from faceannot.training.recipe_files import changed, open_recipe
from faceannot.training.run import Order
from faceannot.training.workplace import approach, timed, training_seconds
from tests import fakes
from tests.training import tiny


@pytest.fixture
def order(tmp_path: Path) -> Order:
    data = [f"prepared:{tiny.prepared(tmp_path / 'both', kind='both')}"]
    recipe = changed(open_recipe("gender-cnn"), [*tiny.QUICK, "epochs=2"])
    return Order(recipe, data, tmp_path / "out", model=fakes.bundle(tmp_path / "model"), resume=True)


def test_a_stopped_training_goes_on_and_a_finished_one_stays(order: Order) -> None:
    def stop(moment: Moment) -> None:
        if moment.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_unless_finished(order, stop)
    before = training_seconds(order.out)
    epochs: list[int] = []
    assert train_unless_finished(order, lambda moment: epochs.append(moment.epoch))
    assert set(epochs) == {2}
    assert before is not None
    assert (training_seconds(order.out) or 0.0) > before
    assert "small convolutional network" in approach(order.out)
    assert not train_unless_finished(order, stop)
    with pytest.raises(UsageError, match="another recipe"):
        train_unless_finished(replace(order, recipe=changed(order.recipe, ["epochs=3"])), stop)


def test_the_time_of_a_training_is_that_of_all_its_sittings(tmp_path: Path) -> None:
    assert training_seconds(tmp_path) is None
    (tmp_path / "training_time.json").write_text('{"seconds": 3600}')
    with timed(tmp_path):
        pass
    assert 3600 <= (training_seconds(tmp_path) or 0.0) < 3601


def test_a_folder_that_no_training_left_has_neither_time_nor_approach(tmp_path: Path) -> None:
    (tmp_path / "training_time.json").write_text("[]")
    (tmp_path / "recipe.toml").write_text("= not TOML")
    assert training_seconds(tmp_path) is None
    assert approach(tmp_path) == ""
