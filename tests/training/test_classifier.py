"""The bundled classifier's training, stage by stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faceannot.classifier import softmax
from faceannot.datasets.prepare import Prepared
from faceannot.training.augmentation import Strength
from faceannot.training.classifier import train_on
from faceannot.training.fit import CropPool, central_crops
from faceannot.training.stages import ClassifierRecipe, ClassifierStage, Draws, Schedule, TwoHeads

SCHEDULE = Schedule(
    epochs=1, steps=1, batch=4, learning_rate=1e-3, weight_decay=0.0, label_smoothing=0.0, ema=0.5, seed=3
)
STAGE = ClassifierStage(SCHEDULE, Strength(), {"painted": 1.0}, 32, (1, 1), own_labels=0.5)
RECIPE = ClassifierRecipe("tiny", "", TwoHeads(32, (8, 16), (1, 1), 0.0), Draws(0.0, 0), (STAGE,))


@pytest.fixture
def pool(prepared: Prepared) -> CropPool:
    return CropPool([replace(prepared, examples=tuple(replace(e, source="painted") for e in prepared.examples))])


def test_a_stage_that_is_finished_is_taken_as_it_is_without_new_labels(pool: CropPool, tmp_path: Path) -> None:
    first = train_on(pool, tmp_path, RECIPE)
    labels = tmp_path / "stage1" / "own_labels.npz"
    labels.unlink()
    again = train_on(pool, tmp_path, RECIPE)
    assert not labels.exists()
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_further_stage_may_have_more_blocks(pool: CropPool, tmp_path: Path) -> None:
    small = train_on(pool, tmp_path, RECIPE)
    deeper = replace(STAGE, blocks=(1, 2))
    larger = train_on(pool, tmp_path, replace(RECIPE, stages=(STAGE, deeper)))
    assert larger.count_params() > small.count_params()
    assert (tmp_path / "stage2" / "own_labels.npz").is_file()


def test_a_stage_may_leave_the_mean_of_its_weights_and_of_those_before(pool: CropPool, tmp_path: Path) -> None:
    apart = train_on(pool, tmp_path, replace(RECIPE, stages=(STAGE, STAGE)))
    first = train_on(pool, tmp_path, RECIPE)
    with_first = replace(STAGE, mean_with=(1,))
    mean = train_on(pool, tmp_path, replace(RECIPE, stages=(STAGE, with_first)))
    for one, other, both in zip(first.get_weights(), apart.get_weights(), mean.get_weights(), strict=True):
        np.testing.assert_allclose(both, (one + other) / 2, atol=1e-6)
    assert any(np.any(a != b) for a, b in zip(first.get_weights(), apart.get_weights(), strict=True))


def test_the_next_stage_goes_on_from_the_mean(pool: CropPool, tmp_path: Path) -> None:
    still = replace(STAGE, schedule=replace(SCHEDULE, learning_rate=1e-9))
    with_first = replace(STAGE, mean_with=(1,))
    mean = train_on(pool, tmp_path, replace(RECIPE, stages=(STAGE, with_first)))
    after = train_on(pool, tmp_path, replace(RECIPE, stages=(STAGE, with_first, still)))
    for name in (variable.path for variable in mean.trainable_variables):
        one, other = (next(v for v in model.trainable_variables if v.path == name) for model in (mean, after))
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_stage_may_learn_from_smaller_crops_and_labels_those_for_the_next(pool: CropPool, tmp_path: Path) -> None:
    small = replace(STAGE, side_px=16)
    coarse = replace(RECIPE, network=replace(RECIPE.network, side_px=16), stages=(small,))
    first = train_on(pool, tmp_path / "first", coarse)
    both = train_on(pool, tmp_path / "both", replace(RECIPE, stages=(small, STAGE)))
    assert (first.input_shape[1], both.input_shape[1]) == (16, 32)
    crops = central_crops(pool, range(len(pool.examples)), 16).astype(np.float32)
    gender, _ = first.predict_on_batch(crops)
    mirrored, _ = first.predict_on_batch(crops[:, :, ::-1])
    with np.load(tmp_path / "both" / "stage2" / "own_labels.npz") as kept:
        np.testing.assert_allclose(kept["genders"], softmax((gender + mirrored) / 2, 1.0), atol=0.02)
