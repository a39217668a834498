"""Recipes with `[[stages]]`: what is read, and what is refused in words."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from faceannot.cli.training_options import chosen_recipe
from faceannot.errors import UsageError
from faceannot.training.recipe_files import open_recipe, toml
from faceannot.training.stages import ClassifierRecipe, DetectorRecipe, parse_stages

CLASSIFIER = open_recipe("bundled-classifier").table


def test_both_shipped_recipes_are_whole() -> None:
    kinds = {"bundled-classifier": ClassifierRecipe, "bundled-detector": DetectorRecipe}
    for name, kind in kinds.items():
        assert isinstance(parse_stages(open_recipe(name).table, name), kind)


@pytest.mark.parametrize(
    ("name", "setting", "words"),
    [
        ("bundled-classifier", "network.side=64", "network.side: no such key; there are blocks"),
        ("bundled-classifier", "stages.1.schedule.epoch=1", "stages.1.schedule.epoch: no such key"),
        ("bundled-classifier", "epochs=abc", "stages.1.schedule.epochs: expected a whole number"),
        ("bundled-classifier", "network.widths.1=5", "widths is a value"),
        ("bundled-classifier", "network.widths=[8, 8]", "network.blocks: as many"),
        ("bundled-classifier", "stages.1.shares={}", "stages.1.shares: expected a number above 0"),
        ("bundled-classifier", "stages.1.own_part=0.5", "stages.1.own_part: needs own_labels above 0"),
        ("bundled-classifier", "stages.5.mean_with=[0]", "stages.5.mean_with: expected a number from 1 to 100"),
        (
            "bundled-classifier",
            "stages.5.mean_with=[5]",
            "stages.5.mean_with: expected earlier stages with the same crops and blocks (one of 4), found 5",
        ),
        (
            "bundled-classifier",
            "stages.6.mean_with=[5, 5]",
            "stages.6.mean_with: expected each stage once, found [5, 5]",
        ),
        ("bundled-classifier", "stages.5.mean_with=4", "stages.5.mean_with: expected a list"),
        ("bundled-classifier", "stages.1.mean_with=[1]", "crops and blocks (none, for no earlier stage fits)"),
        ("bundled-classifier", "stages.1.side_px=4.5", "stages.1.side_px: expected a whole number"),
        ("bundled-classifier", "stages=[]", "expected [[stages]]"),
        ("bundled-classifier", "power=2020-01-01", "draws.power: expected a number"),
        ("bundled-detector", "canvas_px=100", "canvas_px: expected a multiple of 32"),
        ("bundled-detector", "depths=[1, 2]", "network.depths: expected 4 numbers"),
        ("bundled-detector", "proposed=2", "verifier.proposed: expected a number from 0.01 to 0.99"),
        ("bundled-detector", "verifier.side=48", "verifier.side: no such key"),
        ("bundled-detector", "verifier.looks={}", "verifier.looks: expected a number above 0"),
        ("bundled-detector", "verifier.looks={webfaces = 1.5}", "verifier.looks.webfaces: expected a whole number"),
        ("bundled-detector", "verifier=3", "verifier: expected a table"),
        ("bundled-detector", "distilled=1", "stages.1.distilled: expected true or false"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_in_words(name: str, setting: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        chosen_recipe(name, None, [setting])
    assert words in str(raised.value)


def test_the_mean_of_a_stage_can_be_left_out() -> None:
    read = parse_stages(chosen_recipe("bundled-classifier", None, ["stages.9.mean_with=[]"]).table, "")
    assert isinstance(read, ClassifierRecipe)
    assert read.stages[8].mean_with == ()
    assert read.stages[10].mean_with == (9,)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": 3}, "network: expected a table"),
        ({"draws": {"power": 0.5}}, "draws.youngest_for_gender: missing"),
        ({"stages": [{"shares": {"utkface": 1.0}}]}, "stages.1.schedule: missing"),
        (
            {"stages": [{**CLASSIFIER["stages"][0], "side_px": 48}]},
            "stages.1.side_px: the last stage has to learn from",
        ),
        ({"stages": [3]}, "expected [[stages]]"),
        ({"colour": 1}, "colour: no such key"),
    ],
)
def test_a_file_that_cannot_be_followed_is_named_with_the_key(
    change: dict[str, Any], words: str, tmp_path: Path
) -> None:
    (tmp_path / "my.toml").write_text(toml({**CLASSIFIER, **change}))
    with pytest.raises(UsageError) as raised:
        chosen_recipe(None, tmp_path / "my.toml", None)
    assert "my.toml: " in str(raised.value)
    assert words in str(raised.value)


def test_keys_that_need_quotes_get_them() -> None:
    table = {"shares": {"my faces": 1.0}, "x": float("inf")}
    assert tomllib.loads(toml(table)) == table
