"""Canvases: boxes and points have to lie on the faces, wherever these were moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from faceannot.training.detector.labelled_photos import LabelledPhoto
from faceannot.training.detector.mosaics import Album, canvas, turned
from faceannot.training.detector.patches import cover

SIDE = 160


def labelled(box: tuple[int, int, int, int] = (60, 50, 100, 90)) -> LabelledPhoto:
    """A grey photo with a red face whose middle is blue."""
    rgb = np.full((150, 200, 3), 110, np.uint8)
    left, top, right, bottom = box
    rgb[top:bottom, left:right] = (230, 20, 20)
    quarter = (right - left) // 4
    rgb[top + quarter : bottom - quarter, left + quarter : right - quarter] = (20, 20, 230)
    middle = np.array([(left + right) / 2, (top + bottom) / 2], np.float32)
    offsets = np.array([(-4, -4), (4, -4), (0, 0), (-4, 4), (4, 4)], np.float32)
    boxes = np.array([box], np.float32)
    return LabelledPhoto("webfaces", "x.jpg", rgb, boxes, (middle + offsets)[None], np.zeros((0, 4), np.float32))


@pytest.fixture
def album() -> Album:
    return Album.of([labelled(), labelled((20, 20, 140, 140))], {"webfaces": 1.0}, {"webfaces": 1.0})


def test_the_middle_of_each_box_shows_the_middle_of_a_face(album: Album) -> None:
    random = np.random.default_rng(11)
    seen = right = 0
    for _ in range(60):
        made = canvas(album, SIDE, random)
        for box in made.boxes:
            column, row = ((box[:2] + box[2:]) / 2).astype(int)
            if min(column, row) >= 0 and max(column, row) < SIDE and box[2] - box[0] > 14:
                red, _, blue = made.rgb[row, column].astype(int)
                seen, right = seen + 1, right + (blue >= red)
    assert seen > 100
    # Covers and grey pictures hide some.
    assert right / seen > 0.85


def test_points_stay_left_and_right_when_the_canvas_is_mirrored(album: Album) -> None:
    random = np.random.default_rng(12)
    for _ in range(40):
        for points in canvas(album, SIDE, random).landmarks:
            across = points[1] - points[0]
            assert across[0] > 0.6 * np.linalg.norm(across)


def test_faces_of_all_sizes_are_shown(album: Album) -> None:
    random = np.random.default_rng(13)
    boxes = np.concatenate([canvas(album, SIDE, random).boxes for _ in range(80)])
    heights = boxes[:, 3] - boxes[:, 1]
    assert (heights < 20).any()
    assert (heights > 100).any()


def test_the_same_random_state_gives_the_same_canvas(album: Album) -> None:
    one, other = (canvas(album, SIDE, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.rgb, other.rgb)
    assert np.array_equal(one.boxes, other.boxes)


def test_ignored_places_lie_inside_the_canvas() -> None:
    photo = labelled()
    with_doubt = LabelledPhoto(
        photo.source, photo.name, photo.rgb, photo.boxes, photo.landmarks, np.array([[0, 0, 190, 140]], np.float32)
    )
    album, random = Album.of([with_doubt], {"webfaces": 1.0}, {"webfaces": 1.0}), np.random.default_rng(1)
    for _ in range(30):
        ignored = canvas(album, SIDE, random).ignored
        assert ((ignored >= 0) & (ignored <= SIDE)).all()


def test_each_source_gets_its_share_of_the_draws() -> None:
    faces = [labelled()] * 9 + [replace(labelled(), source="street")]
    empty = replace(labelled(), source="scenes", boxes=np.zeros((0, 4), np.float32))
    album = Album.of([*faces, empty], {"webfaces": 0.25, "street": 0.75, "scenes": 0.5}, {"scenes": 1.0})
    random = np.random.default_rng(1)
    drawn = [album.faces.page(random).photo.source for _ in range(400)]
    assert drawn.count("street") == pytest.approx(300, abs=40)
    assert drawn.count("webfaces") == pytest.approx(100, abs=40)
    assert {album.wholes.page(random).photo.source for _ in range(20)} == {"scenes"}


def test_a_turned_photo_has_its_face_where_the_box_is_and_the_size_that_was_asked_for() -> None:
    random = np.random.default_rng(14)
    photo, right, angles = labelled(), 0, []
    for _ in range(40):
        made = turned(photo, 0.6, random)
        assert made.rgb.shape == (90, 120, 3)
        (box,), (points,) = made.boxes, made.landmarks
        column, row = ((box[:2] + box[2:]) / 2).astype(int)
        red, _, blue = made.rgb[row, column].astype(int)
        right += blue >= red
        across = points[1] - points[0]
        angles.append(np.degrees(np.arctan2(across[1], across[0])))
    # Grey pictures hide some.
    assert right > 32
    assert max(map(abs, angles)) > 10


def test_a_photo_of_a_few_pixels_can_be_turned() -> None:
    tiny = replace(labelled(), rgb=np.zeros((3, 4, 3), np.uint8))
    for seed in range(20):
        assert turned(tiny, 0.4, np.random.default_rng(seed)).rgb.shape == (1, 2, 3)


def test_what_lies_before_a_face_comes_from_elsewhere_and_leaves_half_of_it() -> None:
    random = np.random.default_rng(3)
    faces = np.array([[40, 40, 80, 80], [100, 30, 140, 70]], np.float32)
    shares = []
    for _ in range(300):
        rgb = np.full((160, 160, 3), 120, np.uint8)
        for left, top, right, bottom in faces.astype(int):
            rgb[top:bottom, left:right] = 240
        cover(rgb, faces, 0, random)
        assert set(np.unique(rgb)) == {120, 240}
        shares.append(float((rgb[40:80, 40:80] == 120).mean()))
    assert max(shares) < 0.5
    # It may lie beside the face, too, or show a face itself, and then it is not taken.
    assert 0.4 < np.mean(np.array(shares) > 0.02) < 0.95


def test_nothing_is_laid_before_a_face_that_shows_a_face() -> None:
    """All of the canvas is the middle of a face."""
    faces = np.array([[x, y, x + 8, y + 8] for x in range(-8, 64, 2) for y in range(-8, 64, 2)], np.float32)
    large = np.array([[0, 0, 60, 60]], np.float32)
    before = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for seed in range(50):
        rgb = before.copy()
        cover(rgb, np.concatenate([large, faces]), 0, np.random.default_rng(seed))
        assert np.array_equal(rgb, before)
