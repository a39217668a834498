"""Batches, masked losses and a whole training in seconds."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from faceannot.datasets.prepare import Prepared
from faceannot.training.augmentation import Strength
from faceannot.training.fit import CropPool, DrawnBatches, WarmCosine, central_crops, fit, targets
from faceannot.training.networks import two_heads
from faceannot.training.stages import Schedule

SCHEDULE = Schedule(
    epochs=4, steps=12, batch=16, learning_rate=4e-3, weight_decay=0.01, label_smoothing=0.0, ema=0.8, seed=3
)
CALM = Strength(light=0.05, tint=0.02, occlusion=0.0, hair_cut_away=0.0, grey=0.0, noise=0.0)


def batches(prepared: Prepared) -> DrawnBatches:
    return DrawnBatches(CropPool([prepared]), np.full(16, 1 / 16), 32, SCHEDULE, CALM)


def small_network() -> keras.Model:
    keras.utils.set_random_seed(SCHEDULE.seed)
    return two_heads(32, widths=(8, 16), blocks=(1, 1), dropout=0.0, for_training=True)


def test_a_missing_label_has_no_weight(prepared: Prepared) -> None:
    (genders, expressions), (gender_known, expression_known) = targets(prepared.examples)
    assert gender_known.tolist() == [1.0] * 8 + [0.0] * 8
    assert expression_known.tolist() == [0.0] * 8 + [1.0] * 8
    assert np.allclose(genders.sum(axis=1), 1)
    assert np.allclose(expressions.sum(axis=1), 1)


def test_a_batch_depends_on_seed_epoch_and_number_alone(prepared: Prepared) -> None:
    first, again = batches(prepared), batches(prepared)
    again[5]
    assert np.array_equal(first[0][0], again[0][0])
    again.epoch = 1
    assert not np.array_equal(first[0][0], again[0][0])


def test_the_pool_keeps_crops_and_examples_of_several_sources_together(prepared: Prepared) -> None:
    halves = [Prepared(prepared.crops[part], prepared.examples[part]) for part in (slice(0, 8), slice(8, 16))]
    pool = CropPool(halves)
    assert [example.name for example in pool.examples] == [str(number) for number in range(16)]
    assert np.array_equal(pool.crop(11), prepared.crops[11])


def test_the_learning_rate_warms_up_and_ends_at_nothing() -> None:
    rates = [float(WarmCosine(0.1, 10, 100)(step)) for step in range(101)]
    assert rates[0] < rates[5] < rates[9]
    assert max(rates) <= 0.1 + 1e-6
    assert rates[100] < 1e-4


def test_a_training_learns_both_heads_from_examples_that_have_only_one_label(
    prepared: Prepared, tmp_path: Path
) -> None:
    model = small_network()
    fit(model, batches(prepared), SCHEDULE, tmp_path)
    crops = central_crops(CropPool([prepared]), range(16), 32).astype(np.float32)
    gender, expression = model.predict(crops, verbose=0)
    assert (gender[:8].argmax(axis=1) == [0, 1] * 4).all()
    assert (expression[8:].argmax(axis=1) == [2, 1] * 4).all()
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 1 + SCHEDULE.epochs


def test_a_training_that_was_stopped_goes_on_where_it_was(prepared: Prepared, tmp_path: Path) -> None:
    through = small_network()
    fit(through, batches(prepared), SCHEDULE, tmp_path / "through")

    class DyingBatches(DrawnBatches):
        def __getitem__(self, step: int):  # type: ignore[no-untyped-def]
            if self.epoch == 2:
                raise OSError("killed on purpose")
            return super().__getitem__(step)

    dying = DyingBatches(CropPool([prepared]), np.full(16, 1 / 16), 32, SCHEDULE, CALM)
    # Each backend wraps it in an error of its own.
    with pytest.raises(Exception, match="killed on purpose"):
        fit(small_network(), dying, SCHEDULE, tmp_path / "stopped")
    resumed = small_network()
    fit(resumed, batches(prepared), SCHEDULE, tmp_path / "stopped")
    for one, other in zip(through.get_weights(), resumed.get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-5)


def test_a_training_that_finished_is_not_repeated(prepared: Prepared, tmp_path: Path) -> None:
    first = small_network()
    fit(first, batches(prepared), SCHEDULE, tmp_path)
    again = small_network()
    fit(again, batches(prepared), SCHEDULE, tmp_path)
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 1 + SCHEDULE.epochs
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(one, other)
