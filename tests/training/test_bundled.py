"""The bundled models' recipes, started as any other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faceannot.bundle import load_bundle
from faceannot.errors import DatasetError, UsageError
from faceannot.training.detector.annotated_photos import AnnotatedPhoto
from faceannot.training.detector.labels import label_photos
from faceannot.training.material import gather
from faceannot.training.recipe_files import changed, open_recipe, read_recipe, shipped
from faceannot.training.run import Order, train
from tests import fakes
from tests.training import tiny

STAGES = range(1, len(open_recipe("bundled-classifier").table["stages"]) + 1)
SHARES = tuple(f"stages.{number}.shares={{utkface = 1.0}}" for number in STAGES)
QUICK = ("side_px=32", "widths=[8, 8]", "blocks=[1, 1]", "epochs=1", "steps=2", "batch=4", *SHARES)


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
    assert [row.split(",")[:2] for row in rows[1:]] == [[f"stage{number}", "1"] for number in STAGES]


def test_training_faces_that_are_all_test_faces_are_refused_in_words(tmp_path: Path) -> None:
    source = tiny.prepared(tmp_path / "both", kind="both", source="utkface")
    crops = np.load(source / "crops.npy")
    np.save(source / "crops.npy", crops[np.arange(len(crops)) % 2])
    with pytest.raises(DatasetError, match="every training face looks like one of a test part"):
        train(order(f"prepared:{source}", tmp_path), lambda moment: None)


def test_sources_that_it_does_not_know_are_refused(tmp_path: Path) -> None:
    source = tiny.prepared(tmp_path / "both", kind="both")
    with pytest.raises(DatasetError, match=r"utkface \(utkface:PATH\)"):
        train(order(f"prepared:{source}", tmp_path), lambda moment: None)


def test_a_detector_leaves_its_history_versions_and_data(tmp_path: Path) -> None:
    settings = ("canvas_px=64", "widths=[8, 8, 8]", "depths=[1, 1, 1, 1]", "epochs=1", "steps=2", "batch=1")
    shares = ("shares={webfaces = 1.0}", "whole_shares={webfaces = 1.0}")
    model = fakes.bundle(tmp_path / "model")
    photo = fakes.save(fakes.photo((2, 3, fakes.HAPPY_MALE)), tmp_path / "photo.png")
    boxes = np.array([(64, 96, 96, 128)], np.float32)
    photos = [AnnotatedPhoto("webfaces", photo, boxes)]
    label_photos(iter(photos), model / "detector.onnx", tmp_path / "labelled" / "webfaces", workers=1)
    # Two steps make no detector whose finds a verifier could learn from.
    text = shipped()["bundled-detector"].read_text()
    (tmp_path / "my-detector.toml").write_text(text[: text.index("[verifier]")])
    recipe = changed(read_recipe(tmp_path / "my-detector.toml"), [*settings, *shares])
    train(Order(recipe, [f"labelled:{tmp_path / 'labelled'}"], tmp_path / "out", model=model), lambda moment: None)
    assert (tmp_path / "out" / "versions.json").is_file()
    rows = (tmp_path / "out" / "history.csv").read_text().splitlines()
    stages = range(1, len(recipe.table["stages"]) + 1)
    assert [row.split(",")[:2] for row in rows[1:]] == [[f"stage{number}", "1"] for number in stages]
    (source,) = json.loads((tmp_path / "out" / "data.json").read_text())["sources"]
    assert (source["examples"], len(source["sha256"])) == (1, 64)


def test_every_source_of_the_recipe_is_needed(tmp_path: Path) -> None:
    source = tiny.prepared(tmp_path / "both", kind="both", source="utkface")
    wanted = replace(order(f"prepared:{source}", tmp_path), recipe=open_recipe("bundled-classifier"))
    with pytest.raises(DatasetError) as raised:
        train(wanted, lambda moment: None)
    for part in ("all-age-faces:PATH", "affectnet (affectnet-yolo:PATH)", "everyday:PATH", "rafdb", "gender-folders"):
        assert part in str(raised.value)
    assert "utkface" not in str(raised.value)


def test_the_recipe_says_from_which_age_genders_are_used(tmp_path: Path) -> None:
    for age in (5, 9, 14, 30):
        face = np.full((48, 48, 3), (255, age, 0), np.uint8)
        fakes.save(face, tmp_path / "utkface" / f"{age}_0_0_2017.png")
    detector = load_bundle(fakes.bundle(tmp_path / "model")).detector
    material = gather([f"utkface:{tmp_path / 'utkface'}"], tmp_path / "cache", detector, youngest=8)
    trained = [one for one in material.sources[0].examples if one.split != "test" and one.gender]
    assert {9, 14, 30} >= {one.age for one in trained} > {30}


def test_the_bundled_detector_wants_labelled_photos(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="labelled:FOLDER"):
        train(order("prepared:x", tmp_path, "bundled-detector"), lambda moment: None)
