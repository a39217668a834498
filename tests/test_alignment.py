"""The aligned crop: landmarks land where the template says, whatever turn, size and place the face has."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.alignment import FRONTAL, Template, align, similarity


def landmarks(centre: tuple[float, float], eye_distance: float, degrees: float) -> np.ndarray:
    turn = math.radians(degrees)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return (FRONTAL * eye_distance @ rotation.T + centre).astype(np.float32)


@given(x=st.floats(-500, 5000), y=st.floats(-500, 5000), eye_distance=st.floats(3, 900), degrees=st.floats(-180, 180))
def test_similarity_brings_a_frontal_face_exactly_onto_the_template(
    x: float, y: float, eye_distance: float, degrees: float
) -> None:
    target = Template().points(80)
    matrix = similarity(landmarks((x, y), eye_distance, degrees), target)
    moved = landmarks((x, y), eye_distance, degrees).astype(float) @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(moved, target, atol=0.02 * max(1.0, 80 / eye_distance))


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=5, max_size=5))
def test_similarity_never_mirrors_or_shears(points: list[tuple[float, float]]) -> None:
    linear = similarity(np.array(points, np.float32), Template().points(80))[:, :2]
    assert np.allclose(linear[0, 0], linear[1, 1])
    assert np.allclose(linear[0, 1], -linear[1, 0])


def test_points_in_one_place_give_a_crop_all_the_same() -> None:
    rgb = np.full((50, 50, 3), 9, np.uint8)
    assert align(rgb, np.full((5, 2), 20, np.float32), 32, Template()).shape == (32, 32, 3)


@pytest.mark.parametrize("eye_distance", [8.0, 25.6, 60.0, 170.0, 400.0])
@pytest.mark.parametrize("degrees", [0.0, 35.0, -120.0])
def test_a_mark_on_each_landmark_is_found_at_the_templates_place(eye_distance: float, degrees: float) -> None:
    side = round(eye_distance * 8)
    points = landmarks((side / 2, side / 2), eye_distance, degrees)
    rows, columns = np.mgrid[:side, :side]
    crops = []
    for x, y in points:
        mark = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (0.1 * eye_distance) ** 2))
        rgb = np.repeat((mark * 255).astype(np.uint8)[:, :, None], 3, axis=2)
        crops.append(align(rgb, points, 80, Template())[:, :, 0].astype(float))
    for crop, (x, y) in zip(crops, Template().points(80), strict=True):
        total = crop.sum()
        found = (crop.sum(axis=0) @ np.arange(80) / total, crop.sum(axis=1) @ np.arange(80) / total)
        assert found == pytest.approx((x, y), abs=0.35)


def test_outside_the_photo_is_black() -> None:
    rgb = np.full((40, 40, 3), 255, np.uint8)
    crop = align(rgb, landmarks((0.0, 20.0), 12, 0), 80, Template())
    assert crop[:, :20].max() == 0
    assert crop[30, 60].min() == 255


def test_a_large_face_is_averaged_and_does_not_turn_into_noise() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), dtype=np.uint8)
    crop = align(rgb, landmarks((600, 500), 330, 0), 80, Template())
    assert crop[20:60, 20:60].std() < 15
