"""The bundled models' recipes, started as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceannot.bundle import load_bundle
from faceannot.errors import DatasetError, UsageError
from faceannot.training.recipe_files import changed, open_recipe
from faceannot.training.run import Order, train
from tests import fakes
from tests.training import tiny

QUICK = ("side_px=32", "widths=[8, 8]", "blocks=[1, 1]", "epochs=1", "steps=2", "batch=4")


def order(data: str, tmp_path: Path, name: str = "bundled-classifier") -> Order:
    settings = QUICK if name == "bundled-classifier" else ()
    model = fakes.bundle(tmp_path / "model")
    return Order(changed(open_recipe(name), settings), [data], tmp_path / "out", model=model)


def test_the_bundled_classifiers_recipe_leaves_a_bundle(tmp_path: Path) -> None:
    source = tiny.prepared(tmp_path / "both", kind="both", source="utkface")
    outcome = train(order(f"prepared:{source}", tmp_path), lambda moment: None)
    assert outcome.judged
    assert load_bundle(tmp_path / "out").name == "bundled-classifier"
    rows = (tmp_path / "out" / "history.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [[f"stage{number}", "1"] for number in (1, 2, 3)]


def test_sources_that_it_does_not_know_are_refused(tmp_path: Path) -> None:
    source = tiny.prepared(tmp_path / "both", kind="both")
    with pytest.raises(DatasetError, match="names none of them"):
        train(order(f"prepared:{source}", tmp_path), lambda moment: None)


def test_the_bundled_detector_wants_labelled_photos(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="labelled:FOLDER"):
        train(order("prepared:x", tmp_path, "bundled-detector"), lambda moment: None)
