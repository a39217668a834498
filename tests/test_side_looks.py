"""Photos that lie on a side or on their head show the same faces as the upright ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceannot import Annotator
from faceannot.detector import Detections, RgbArray
from faceannot.side_looks import best_side, turned, turned_back, with_upright


def finds(*scores: float) -> Detections:
    """One face in the left upper corner for each score."""
    return Detections(
        np.tile(np.array([10, 20, 40, 70], np.float32), (len(scores), 1)),
        np.tile(np.array([12, 22], np.float32), (len(scores), 5, 1)),
        np.array(scores, np.float32),
    )


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_that_is_not_upright_shows_the_same_face(portrait: Path, quarters: int) -> None:
    rgb = np.asarray(Image.open(portrait).convert("RGB"))
    (upright,), (result,) = Annotator().annotate(portrait), Annotator().annotate(np.rot90(rgb, quarters))
    (face,), (expected,) = result.faces, upright.faces
    height, width = rgb.shape[:2]
    # As the picture is turned, so are its places: by a quarter, x, y become y, width - x.
    places = np.array(expected.landmarks)
    for quarter in range(quarters):
        places = np.stack([places[:, 1], (height if quarter % 2 else width) - places[:, 0]], axis=1)
    assert np.array(face.landmarks) == pytest.approx(places, abs=1.5)
    assert face.scores.gender == expected.scores.gender
    middle = np.array([face.box.left + face.box.width / 2, face.box.top + face.box.height / 2])
    assert np.linalg.norm(places.mean(axis=0) - middle) < 0.3 * face.box.width


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_places_go_back_to_where_they_are(quarters: int) -> None:
    rgb = np.zeros((60, 100, 3), np.uint8)
    rgb[10:20, 70:90] = 255
    side = turned(rgb, quarters)
    rows, columns = np.nonzero(side[..., 0])
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    # A single pixel off the middle shows whether landmarks get mirrored.
    upright = np.zeros_like(rgb)
    upright[12, 74] = 255
    ((row, column),) = np.argwhere(turned(upright, quarters)[..., 0])
    landmarks = np.tile(np.array([column + 0.5, row + 0.5], np.float32), (1, 5, 1))
    back = turned_back(Detections(box, landmarks, np.ones(1, np.float32)), quarters, rgb.shape)
    assert back.boxes[0].tolist() == [70, 10, 90, 20]
    assert back.landmarks[0].tolist() == [[74.5, 12.5]] * 5
    assert back.boxes.dtype == back.landmarks.dtype == np.float32


@pytest.mark.parametrize(
    ("least", "scores", "expected"),
    [
        (1, {1: (0.99,), 2: (), 3: (0.99, 0.98)}, 3),
        (1, {1: (0.8, 0.8), 2: (), 3: ()}, 0),
        (2, {1: (0.99,), 2: (), 3: ()}, 0),
        (2, {1: (), 2: (0.99, 0.99), 3: ()}, 2),
    ],
)
def test_the_side_with_the_most_sure_faces_is_the_upper_one_where_they_are_enough(
    least: int, scores: dict[int, tuple[float, ...]], expected: int
) -> None:
    rgb = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    sides = {turned(rgb, quarters).tobytes() + bytes([quarters % 2]): finds(*scores[quarters]) for quarters in scores}

    def look(side: RgbArray) -> Detections:
        return sides[side.tobytes() + bytes([int(side.shape[0] > side.shape[1])])]

    assert best_side(rgb, least, look) == expected


def test_who_is_upright_beside_somebody_who_is_not_stays() -> None:
    boxes = np.array([[0, 0, 40, 40], [5, 5, 45, 45], [200, 0, 240, 40], [300, 0, 340, 40]], np.float32)
    scores = np.array([0.99, 0.9, 0.9, 0.7], np.float32)
    found = Detections(boxes, np.zeros((4, 5, 2), np.float32), scores)
    both = with_upright(found[:1], found[1:])
    assert both.boxes.tolist() == boxes[[0, 2]].tolist()
    nobody = found[:0]
    assert with_upright(nobody, found).boxes.tolist() == boxes[:3].tolist()
    assert with_upright(found[:1], nobody).boxes.tolist() == boxes[:1].tolist()


def test_a_large_photo_is_looked_at_in_a_small_copy() -> None:
    shapes: list[tuple[int, ...]] = []

    def look(side: RgbArray) -> Detections:
        shapes.append(side.shape)
        return finds()

    assert best_side(np.zeros((1500, 3000, 3), np.uint8), 1, look) == 0
    assert shapes == [(640, 320, 3), (320, 640, 3), (640, 320, 3)]
