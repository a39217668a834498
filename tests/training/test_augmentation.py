"""What augmentation may and may not do to a crop."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from faceannot.datasets.cropping import CROP_PX, MARGIN
from faceannot.training.augmentation import Strength, augment, central, photographic, strength_of

NOTHING = Strength(**{field.name: 0.0 for field in fields(Strength) if field.name != "smallest_px"})


def crop() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (CROP_PX, CROP_PX, 3), dtype=np.uint8)


def test_central_shows_the_middle_at_the_classifiers_scale() -> None:
    marked = np.zeros((CROP_PX, CROP_PX, 3), np.uint8)
    edge = round(CROP_PX * (1 - 1 / MARGIN) / 2)
    marked[edge:-edge, edge:-edge] = 255
    seen = central(marked, 80)
    assert seen.shape == (80, 80, 3)
    assert seen[2:-2, 2:-2].min() == 255


def test_without_any_strength_only_mirroring_and_no_light_is_left() -> None:
    seen = augment(crop(), 80, NOTHING, np.random.default_rng(0)).astype(int)
    plain = central(crop(), 80).astype(int)
    nearest = min(np.abs(seen - plain).mean(), np.abs(seen - plain[:, ::-1]).mean())
    assert nearest < 2


def test_the_same_random_state_gives_the_same_variant() -> None:
    one, other = (augment(crop(), 80, Strength(), np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, augment(crop(), 80, Strength(), np.random.default_rng(8)))


@pytest.mark.parametrize("change", ["low_resolution", "blur", "jpeg", "noise", "grey", "hard_grey"])
def test_each_photographic_change_changes_the_picture_and_keeps_its_shape(change: str) -> None:
    always = Strength(**{**{field.name: 0.0 for field in fields(Strength)}, change: 1.0, "smallest_px": 20})
    picture = np.full((60, 90, 3), 128, np.uint8)
    picture[20:40, 30:60] = (200, 40, 90)
    changed = photographic(picture, always, np.random.default_rng(2))
    assert changed.shape == picture.shape
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed, picture)


@pytest.mark.parametrize("change", ["hair_cut_away", "tight_frame", "occlusion"])
def test_what_hides_parts_leaves_the_middle_of_most_crops_alone(change: str) -> None:
    always = Strength(**{**{field.name: 0.0 for field in fields(Strength)}, change: 1.0, "smallest_px": 20})
    grey = np.full((CROP_PX, CROP_PX, 3), 128, np.uint8)
    random = np.random.default_rng(3)
    variants = [augment(grey, 80, always, random).astype(int) for _ in range(40)]
    middle = [np.ptp(variant[44:52, 36:44].mean(axis=(0, 1))) < 60 for variant in variants]
    assert all(np.ptp(variant) > 0 for variant in variants)
    assert np.mean(middle) > 0.6


@pytest.mark.parametrize("name", ["shear", "brightness", "contrast", "hard_grey"])
def test_a_strength_that_is_not_given_changes_no_draw(name: str) -> None:
    plain = augment(crop(), 64, Strength(), np.random.default_rng(3))
    assert np.array_equal(plain, augment(crop(), 64, replace(Strength(), **{name: 0.0}), np.random.default_rng(3)))
    assert not np.array_equal(plain, augment(crop(), 64, replace(Strength(), **{name: 1.0}), np.random.default_rng(3)))


def test_hard_grey_has_no_colour_and_more_contrast_than_grey() -> None:
    ramp = np.repeat(np.linspace(64, 192, 90, dtype=np.uint8)[None, :, None], 60, axis=0) * np.ones(3, np.uint8)

    def spread(name: str) -> float:
        strength = strength_of({name: 1.0})
        prints = [photographic(ramp, strength, np.random.default_rng(seed)).astype(int) for seed in range(20)]
        return float(np.mean([np.ptp(one[..., 0]) for one in prints]))

    assert spread("hard_grey") > 1.3 * spread("grey")
    coloured = np.full((60, 90, 3), (200, 40, 90), np.uint8)
    shown = photographic(coloured, strength_of({"hard_grey": 1.0}), np.random.default_rng(1)).astype(int)
    assert np.ptp(shown[0, 0]) < 50


def test_only_what_is_given_happens() -> None:
    assert np.array_equal(augment(crop(), 64, strength_of({}), np.random.default_rng(3)), central(crop(), 64))
    flipped = augment(crop(), 64, strength_of({"flip": 1.0}), np.random.default_rng(3))
    assert np.array_equal(flipped, central(crop(), 64)[:, ::-1])
