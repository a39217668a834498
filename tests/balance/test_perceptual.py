"""The perceptual hash: what it outlives and what it tells apart."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faceannot.balance.near import NEAR_BITS
from faceannot.balance.perceptual import HASH_BYTES, THUMBNAIL_PX, perceptual_hash, thumbnail
from tests.balance.making import RgbArray, encoded, scene

SEEDS = st.integers(0, 10_000)


def bits(rgb: RgbArray) -> np.ndarray:
    found = perceptual_hash(thumbnail(rgb))
    assert found is not None
    assert found.shape == (HASH_BYTES,)
    return np.unpackbits(found)


def distance(one: RgbArray, other: RgbArray) -> int:
    return int((bits(one) != bits(other)).sum())


def decoded(content: bytes) -> RgbArray:
    return np.array(Image.open(io.BytesIO(content)).convert("RGB"))


@pytest.mark.parametrize("quality", [95, 75, 50])
def test_compression_changes_few_bits(quality: int) -> None:
    for seed in range(20):
        assert distance(scene(seed), decoded(encoded(scene(seed), "JPEG", quality=quality))) <= NEAR_BITS


@pytest.mark.parametrize("size", [(86, 86), (110, 110), (96, 90), (64, 64)])
def test_small_resizing_changes_few_bits(size: tuple[int, int]) -> None:
    for seed in range(20):
        resized = Image.fromarray(scene(seed)).resize(size, Image.Resampling.LANCZOS)
        assert distance(scene(seed), np.array(resized)) <= NEAR_BITS


@given(SEEDS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_two_pictures_are_far_apart(one: int, other: int) -> None:
    assert one == other or distance(scene(one), scene(other)) > 2 * NEAR_BITS


@given(SEEDS, st.floats(0.3, 3.0), st.floats(-100.0, 100.0))
@settings(max_examples=40, deadline=None)
def test_neither_brightness_nor_contrast_matters(seed: int, contrast: float, brightness: float) -> None:
    grey = thumbnail(scene(seed))
    one, other = perceptual_hash(grey), perceptual_hash((contrast * grey + brightness).astype(np.float32))
    assert one is not None
    assert other is not None
    # Rounding may turn the sign of a frequency that is hardly there.
    assert (np.unpackbits(one) != np.unpackbits(other)).sum() <= 2


@given(SEEDS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_two_pictures_are_as_far_apart_as_their_mirror_images(one: int, other: int) -> None:
    mirrored = distance(scene(one)[:, ::-1].copy(), scene(other)[:, ::-1].copy())
    assert abs(distance(scene(one), scene(other)) - mirrored) <= 8


def test_a_flat_picture_has_no_hash() -> None:
    assert perceptual_hash(np.full((THUMBNAIL_PX, THUMBNAIL_PX), 128, np.float32)) is None
