"""Labels that the network gives itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from faceannot.datasets.prepare import Prepared
from faceannot.training.augmentation import Strength
from faceannot.training.fit import CropPool
from faceannot.training.networks import two_heads
from faceannot.training.own_labels import with_own_labels
from faceannot.training.stages import ClassifierStage, Schedule

EVERYBODY = np.arange(16)
SCHEDULE = Schedule(1, 1, 4, 1e-3, 0.0, 0.0, 0.9, 1)
QUARTER = ClassifierStage(SCHEDULE, Strength(), {"painted": 1.0}, 32, (1, 1), own_labels=0.25)


def network(seed: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return two_heads(32, widths=(8, 16), blocks=(1, 1), dropout=0.0, for_training=True)


def test_only_what_nobody_said_is_added_and_it_counts_less(prepared: Prepared, tmp_path: Path) -> None:
    pool = CropPool([prepared])
    said = with_own_labels(network(3), pool, EVERYBODY, QUARTER, tmp_path / "stage4" / "own.npz")
    (genders, expressions), (gender_weights, expression_weights) = said
    assert gender_weights.tolist() == [1.0] * 8 + [0.25] * 8
    assert expression_weights.tolist() == [0.25] * 8 + [1.0] * 8
    assert set(genders[:8].ravel()) == {0.0, 1.0}
    assert np.allclose(genders.sum(axis=1), 1)
    assert np.allclose(expressions.sum(axis=1), 1)
    assert len({tuple(shares) for shares in expressions[:8].tolist()}) == 8


def test_a_part_of_it_goes_into_the_expressions_that_people_gave(prepared: Prepared, tmp_path: Path) -> None:
    stage = replace(QUARTER, own_part=0.5)
    pool, kept = CropPool([prepared]), tmp_path / "own.npz"
    (_, given), _ = with_own_labels(network(3), pool, EVERYBODY, QUARTER, kept)
    (genders, mixed), (_, weights) = with_own_labels(network(3), pool, EVERYBODY, stage, kept)
    with np.load(kept) as file:
        own = file["expressions"]
    assert np.allclose(mixed[8:], (given[8:] + own[8:]) / 2)
    assert np.allclose(mixed[:8], own[:8])
    assert set(genders[:8].ravel()) == {0.0, 1.0}
    assert weights[8:].tolist() == [1.0] * 8


def test_nobody_else_gets_one(prepared: Prepared, tmp_path: Path) -> None:
    _, (gender_weights, expression_weights) = with_own_labels(
        network(3), CropPool([prepared]), EVERYBODY[12:], QUARTER, tmp_path / "own.npz"
    )
    assert gender_weights.tolist() == [1.0] * 8 + [0.0] * 4 + [0.25] * 4
    assert expression_weights.tolist() == [0.0] * 8 + [1.0] * 8


def test_a_face_and_its_mirror_image_get_the_same(prepared: Prepared, tmp_path: Path) -> None:
    mirrored = Prepared(np.ascontiguousarray(prepared.crops[:, :, ::-1]), prepared.examples)
    both = [
        with_own_labels(network(3), CropPool([one]), EVERYBODY, QUARTER, tmp_path / f"{n}.npz")
        for n, one in enumerate((prepared, mirrored))
    ]
    for labels, others in zip(both[0][0], both[1][0], strict=True):
        assert np.allclose(labels, others, atol=1e-5)


def test_a_training_that_goes_on_has_the_labels_that_it_began_with(prepared: Prepared, tmp_path: Path) -> None:
    first, again, fresh = (
        with_own_labels(network(seed), CropPool([prepared]), EVERYBODY, QUARTER, tmp_path / name)
        for seed, name in ((3, "own.npz"), (4, "own.npz"), (4, "other.npz"))
    )
    assert np.array_equal(first[0][1], again[0][1])
    assert not np.allclose(again[0][1], fresh[0][1], atol=1e-4)
