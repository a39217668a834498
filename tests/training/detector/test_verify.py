"""The verifier learns from the detector's finds, goes on where it was stopped, and comes into a bundle."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faceannot.bundle import Verification, file_sha256
from faceannot.errors import UsageError
from faceannot.training.bundling import bundle_verifier
from faceannot.training.detector.patches import behind
from faceannot.training.detector.verify import logistic, train_verifier, verifier_network
from faceannot.training.recipe_files import open_recipe
from faceannot.training.stages import Schedule, VerifierRecipe, parse_detector
from faceannot.verifier import Verifier
from tests import fakes
from tests.training.detector.labelled import FACE, FACE_BOX, IMPOSTOR, write

SCHEDULE = Schedule(
    epochs=2, steps=60, batch=16, learning_rate=1e-2, weight_decay=0.0, label_smoothing=0.0, ema=0.5, seed=4
)
RECIPE = VerifierRecipe(
    side_px=16,
    context=1.0,
    proposed=0.5,
    widths=(8, 8),
    blocks=(0, 1),
    dropout=0.0,
    looks={"webfaces": 4},
    schedule=SCHEDULE,
)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Photos with a face each, and a blue square that the detector takes for one, too."""
    fakes.bundle(tmp_path / "model")
    write(tmp_path / "labelled" / "webfaces", "webfaces", fakes.photo(FACE, IMPOSTOR), [FACE_BOX], 30)
    return tmp_path / "labelled"


def test_a_trained_verifier_tells_the_faces_and_comes_into_a_bundle(tmp_path: Path, labelled: Path) -> None:
    detector, out = tmp_path / "model" / "detector.onnx", tmp_path / "out"
    model = train_verifier(labelled, detector, out, RECIPE)
    assert not (out / "candidates").exists()
    made = tmp_path / "bundle"
    made.mkdir()
    part = bundle_verifier(out, made)
    assert part
    assert part["sha256"] == file_sha256(made / "verifier.onnx")
    assert {key: part[key] for key in ("side_px", "context", "proposed")} == {
        "side_px": 16,
        "context": 1.0,
        "proposed": 0.5,
    }
    crops = np.zeros((2, 16, 16, 3), np.uint8)
    crops[0], crops[1] = fakes.HAPPY_MALE, fakes.HAPPY_FEMALE
    verification = Verification(made / "verifier.onnx", part["sha256"], 16, 1.0, 0.5, tuple(part["weights"]))
    said = Verifier(verification).logits(crops)
    assert said[0] > said[1] + 1
    assert said == pytest.approx(model.predict(crops.astype(np.float32), verbose=0)[:, 0], abs=0.5)


def test_a_finished_training_is_not_repeated(tmp_path: Path, labelled: Path) -> None:
    out = tmp_path / "out"
    quick = replace(RECIPE, schedule=replace(SCHEDULE, epochs=1, steps=1))
    first = train_verifier(labelled, tmp_path / "model" / "detector.onnx", out, quick)
    shutil.rmtree(labelled)
    again = train_verifier(labelled, tmp_path / "model" / "detector.onnx", out, quick)
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        assert (one == other).all()
    assert len(json.loads((out / "verifier.json").read_text())["weights"]) == 3


def test_without_a_verifier_beside_the_detector_the_bundle_has_none(tmp_path: Path) -> None:
    assert bundle_verifier(tmp_path, tmp_path) is None


def test_the_shipped_verifier_comes_into_a_bundle_as_it_is(tmp_path: Path) -> None:
    models = Path(__file__).parents[3] / "models"
    assert bundle_verifier(models, tmp_path) == json.loads((models / "bundle.json").read_text())["verifier"]


def test_both_forms_of_the_network_have_the_same_weights() -> None:
    shape = {"widths": (8, 16), "blocks": (0, 1), "dropout": 0.1}
    quick, kept = (verifier_network(32, **shape, for_training=flag) for flag in (True, False))
    assert [part.shape for part in quick.weights] == [part.shape for part in kept.weights]
    assert kept.output_shape == (None, 1)


def test_logistic_regression_finds_the_weights_that_made_the_labels() -> None:
    random = np.random.default_rng(5)
    features = random.normal(0, 1, (20_000, 2)).astype(np.float32)
    chance = 1 / (1 + np.exp(-(1.5 * features[:, 0] - 0.5 * features[:, 1] + 0.7)))
    assert logistic(features, random.random(20_000) < chance) == pytest.approx([1.5, -0.5, 0.7], abs=0.1)


def test_logistic_regression_stays_finite_where_one_line_divides_all() -> None:
    features = np.linspace(-1, 1, 100, dtype=np.float32)[:, None]
    assert np.isfinite(logistic(features, features[:, 0] > 0)).all()


def test_what_lies_before_a_find_leaves_most_of_it_and_comes_from_another() -> None:
    crop, other = np.full((64, 64, 3), 10, np.uint8), np.full((64, 64, 3), 200, np.uint8)
    random = np.random.default_rng(2)
    shares = []
    for _ in range(200):
        made = behind(crop, other, random)
        assert set(np.unique(made)) == {10, 200}
        shares.append(float((made[8:56, 8:56, 0] == 200).mean()))
    assert max(shares) < 0.3
    assert (crop == 10).all()


def test_a_verifier_needs_as_many_blocks_as_widths() -> None:
    table = deepcopy(dict(open_recipe("bundled-detector").table))
    table["verifier"]["blocks"] = [1, 1]
    with pytest.raises(UsageError, match=r"verifier\.blocks: as many numbers"):
        parse_detector(table, "mine.toml")
