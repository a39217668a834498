"""Tiles: all that is asked for is shown, in as few pixels as may be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.tiles import MARGIN_PX, MARGIN_SIDES, Tile, around, whole

SIZE = (900, 1600)


@st.composite
def boxes(draw: st.DrawFn) -> np.ndarray:
    """Boxes of which some part is in a picture of `SIZE`."""
    rows = draw(
        st.lists(
            st.tuples(st.floats(0, SIZE[1] - 1), st.floats(0, SIZE[0] - 1), st.floats(1, 60), st.floats(1, 60)),
            min_size=1,
            max_size=30,
        )
    )
    table = np.array(rows, np.float32)
    return np.concatenate([table[:, :2] - table[:, 2:] / 2, table[:, :2] + table[:, 2:] / 2], axis=1)


@given(boxes(), st.floats(0.3, 3.0))
def test_each_box_is_in_a_tile_with_its_surroundings(found: np.ndarray, factor: float) -> None:
    tiles = around(found, SIZE, factor)
    assert len(tiles) <= len(found)
    for left, top, right, bottom in found:
        margin = max(MARGIN_PX / factor, MARGIN_SIDES * max(right - left, bottom - top)) - 0.01
        assert any(
            tile.left <= max(left - margin, 0)
            and tile.top <= max(top - margin, 0)
            and tile.right >= min(right + margin, SIZE[1])
            and tile.bottom >= min(bottom + margin, SIZE[0])
            for tile in tiles
        )
    for tile in tiles:
        assert 0 <= tile.left < tile.right <= SIZE[1]
        assert 0 <= tile.top < tile.bottom <= SIZE[0]


@given(boxes(), st.floats(0.3, 3.0))
def test_no_two_tiles_would_be_less_as_one(found: np.ndarray, factor: float) -> None:
    tiles = around(found, SIZE, factor)
    for number, one in enumerate(tiles):
        for other in tiles[:number]:
            width = max(one.right, other.right) - min(one.left, other.left)
            height = max(one.bottom, other.bottom) - min(one.top, other.top)
            assert width * height > one.area + other.area


def test_faces_far_apart_have_tiles_of_their_own_and_neighbours_share_one() -> None:
    apart = np.array([[100, 100, 120, 120], [140, 100, 160, 120], [1400, 700, 1420, 720]], np.float32)
    assert around(apart, SIZE, 2.0) == [Tile(52, 52, 208, 168), Tile(1352, 652, 1468, 768)]


@pytest.mark.parametrize("far", [(-9e9, -9e9, -8e9, -8e9), (8e9, 8e9, 9e9, 9e9), (-3e38, -3e38, 3e38, 3e38)])
def test_a_box_outside_the_picture_still_gives_a_tile_inside_it(far: tuple[float, ...]) -> None:
    (tile,) = around(np.array([far], np.float32), SIZE, 1.0)
    assert 0 <= tile.left < tile.right <= SIZE[1]
    assert 0 <= tile.top < tile.bottom <= SIZE[0]


def test_only_what_a_side_inside_the_picture_cuts_is_cut() -> None:
    tile = Tile(0, 100, 300, 900)
    found = np.array([[0, 50, 20, 70], [50, 1, 70, 20], [280, 50, 299, 70], [50, 780, 70, 800]], np.float32)
    assert tile.with_whole(found, SIZE, tolerance=2).tolist() == [True, False, False, True]


def test_the_whole_picture_cuts_nothing() -> None:
    tile = whole(SIZE)
    assert tile.with_whole(np.array([[0, 0, 1600, 900]], np.float32), SIZE, tolerance=2).all()
    assert tile.cut(np.zeros((*SIZE, 3), np.uint8)).shape == (*SIZE, 3)
