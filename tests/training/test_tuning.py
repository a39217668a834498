"""The search for better values."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from faceannot.errors import UsageError
from faceannot.training.recipe_files import changed, open_recipe, read_recipe
from faceannot.training.run import Order
from faceannot.training.tuning import Search, parse_search, tune
from tests import fakes
from tests.training import tiny


def test_ranges_and_choices_are_read() -> None:
    assert parse_search("dense=8..64") == Search("dense", "8", "64")
    assert parse_search("network.backbone=small-cnn,residual") == Search(
        "network.backbone", choices=("small-cnn", "residual")
    )


@pytest.mark.parametrize("text", ["dense", "dense=", "=1..2", "dense=2..1", "dense=a..b", "lr=0..inf", "lr=nan..1"])
def test_a_search_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"LOW\.\.HIGH"):
        parse_search(text)


def test_a_search_goes_on_and_leaves_its_best_recipe(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    source = tiny.prepared(tmp_path / "both", kind="both")
    recipe = changed(open_recipe("gender-cnn"), [*tiny.QUICK, "epochs=1"])
    model = fakes.bundle(tmp_path / "model")
    order = Order(recipe, [f"prepared:{source}"], tmp_path / "out", model=model)
    searches = [parse_search("dense=4..8"), parse_search("learning_rate=0.001..0.1")]
    assert tune(order, searches, 2, lambda moment: None).trials == 2
    with pytest.raises(UsageError, match=r"--search dense=4\.\.8"):
        tune(replace(order, resume=True), searches[1:], 3, lambda moment: None)
    best = tune(replace(order, resume=True), searches, 3, lambda moment: None)
    assert best.trials == 3
    with (tmp_path / "out" / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == ["1", "2", "3"]
    assert max(float(row["balanced_accuracy"]) for row in rows) == pytest.approx(best.score, abs=1e-4)
    assert f"dense={read_recipe(tmp_path / 'out' / 'best.toml').table['network']['dense']}" in best.settings
