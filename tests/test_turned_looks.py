"""Faces of people who lean or lie are found in crops that are turned."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from faceannot import Annotator
from faceannot.bundle import load_bundle
from faceannot.detector import Detections, Detector, RgbArray
from faceannot.finder import face_finder
from faceannot.turned_looks import CROP_PX, MOST, SMALLEST_PX, TurnedLooks, turned_crop
from faceannot.verifier import Verifier


def turned(photo: Path, degrees: float) -> tuple[RgbArray, np.ndarray]:
    """The portrait turned anticlockwise in a wide grey picture, and how its x, y become those of that."""
    rgb = np.asarray(Image.open(photo).convert("RGB"))
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.6)
    matrix[:, 2] += np.array([450, 400]) - (width / 2, height / 2)
    picture = cv2.warpAffine(rgb, matrix, (900, 800), borderValue=(90, 90, 90))
    return np.asarray(picture, np.uint8), matrix


def finds(count: int, side: float = 60.0, score: float = 0.6) -> Detections:
    """`count` finds next to each other."""
    left = np.arange(count, dtype=np.float32) * 2 * side
    boxes = np.stack([left, left * 0, left + side, left * 0 + side], axis=1)
    return Detections(boxes, np.zeros((count, 5, 2), np.float32), np.full(count, score, np.float32))


def nobody() -> Detections:
    return finds(0)


def looks() -> TurnedLooks:
    bundle = load_bundle()
    assert bundle.verification
    return TurnedLooks(Detector(bundle.detector), Verifier(bundle.verification), bundle.verification.proposed)


@pytest.mark.parametrize("degrees", [-75, -60, 60, 75])
def test_a_head_that_is_turned_far_is_found_with_its_landmarks(portrait: Path, degrees: float) -> None:
    (upright,) = Annotator().annotate(portrait)
    rgb, matrix = turned(portrait, degrees)
    (result,) = Annotator().annotate(rgb)
    (face,) = result.faces
    expected = np.array(upright.faces[0].landmarks) @ matrix[:, :2].T + matrix[:, 2]
    eye_distance = np.linalg.norm(expected[1] - expected[0])
    assert np.linalg.norm(np.array(face.landmarks) - expected, axis=1).max() < 0.3 * eye_distance
    assert face.scores.gender == upright.faces[0].scores.gender
    middle = face.box.left + face.box.width / 2, face.box.top + face.box.height / 2
    assert np.linalg.norm(expected.mean(axis=0) - middle) < 0.5 * eye_distance


@pytest.mark.parametrize(("smallest_px", "count"), [(59.0, 1), (61.0, 0)])
def test_what_a_turned_crop_shows_too_small_is_left_out(
    smallest_px: float, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TurnedLooks, "find", lambda *_: finds(1, side=60.0, score=0.9))
    black = np.zeros((200, 200, 3), np.uint8)
    found = face_finder(load_bundle()).find(black, threshold=0.5, smallest_px=smallest_px, sizes_px=(640, 640))
    assert len(found) == count


@pytest.mark.parametrize("degrees", [-45.0, 45.0, 0.0])
@pytest.mark.parametrize("side", [20.0, 60.0, 400.0])
def test_what_is_seen_in_a_crop_lies_where_it_is_in_the_photo(degrees: float, side: float) -> None:
    rgb = np.zeros((900, 1000, 3), np.uint8)
    box = np.array([500 - side / 2, 450 - side / 2, 500 + side / 2, 450 + side / 2], np.float32)
    # A spot above and to the right of the middle.
    spot = np.array([500 + 0.5 * side, 450 - 0.25 * side])
    cv2.circle(rgb, (int(spot[0]), int(spot[1])), max(2, int(side / 12)), (255, 255, 255), -1)
    crop = turned_crop(rgb, box, degrees)
    rows, columns = np.nonzero(crop.rgb[..., 0] > 100)
    seen = np.array([columns.mean() + 0.5, rows.mean() + 0.5], np.float32)
    places = np.tile(seen, (1, 5, 1)).astype(np.float32)
    back = crop.back(Detections(np.array([[*seen, *seen]], np.float32), places, np.ones(1, np.float32)))
    assert np.linalg.norm(back.landmarks[0, 0] - spot) < 0.04 * side
    assert np.linalg.norm(back.boxes[0, :2] - spot) < 0.04 * side


def test_a_crop_turns_the_picture_upright() -> None:
    rgb = np.zeros((300, 300, 3), np.uint8)
    # Something above the middle that was turned 45 degrees clockwise lies above and to the right.
    cv2.circle(rgb, (150 + 30, 150 - 30), 8, (255, 255, 255), -1)
    crop = turned_crop(rgb, np.array([120, 120, 180, 180], np.float32), 45.0)
    rows, columns = np.nonzero(crop.rgb[..., 0] > 100)
    assert columns.mean() == pytest.approx(CROP_PX / 2, abs=2)
    assert rows.mean() < CROP_PX / 3


def test_a_box_goes_back_around_the_ellipse_that_it_holds() -> None:
    rgb = np.zeros((300, 300, 3), np.uint8)
    crop = turned_crop(rgb, np.array([120, 120, 180, 180], np.float32), 45.0)
    scale = CROP_PX / (60 * 3.3)
    middle = CROP_PX / 2
    half = np.array([20.0, 40.0]) * scale
    found = Detections(
        np.array([[middle - half[0], middle - half[1], middle + half[0], middle + half[1]]], np.float32),
        np.zeros((1, 5, 2), np.float32),
        np.ones(1, np.float32),
    )
    expected = np.sqrt((20**2 + 40**2) / 2)
    assert crop.back(found).boxes[0] == pytest.approx(
        [150 - expected, 150 - expected, 150 + expected, 150 + expected], abs=0.1
    )


@pytest.mark.parametrize(
    ("proposed", "seen", "crops"),
    [
        (finds(1), nobody(), 2),
        (finds(0), nobody(), 0),
        (finds(1), finds(1, score=0.8), 2),
        (finds(1), finds(1, score=0.95), 0),  # it is a face
        (finds(MOST + 3), nobody(), 2 * MOST),
        (finds(3, SMALLEST_PX - 1), nobody(), 0),
        (finds(1, score=0.4), nobody(), 0),
    ],
)
def test_only_the_surest_of_doubtful_finds_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, proposed: Detections, seen: Detections, crops: int
) -> None:
    turns: list[float] = []

    def counted(rgb: RgbArray, box: np.ndarray, degrees: float) -> object:
        turns.append(degrees)
        return turned_crop(rgb, box, degrees)

    monkeypatch.setattr("faceannot.turned_looks.turned_crop", counted)
    found = looks().find(np.full((600, 2000, 3), 90, np.uint8), proposed, seen)
    assert len(turns) == crops
    assert found.scores.tolist() == seen.scores.tolist()


def test_the_best_comes_first(portrait: Path) -> None:
    rgb, _ = turned(portrait, 60)
    proposed = Detector(load_bundle().detector).find(rgb, threshold=0.25)
    doubtful = finds(1, side=10, score=0.1)
    found = looks().find(rgb, proposed, doubtful)
    assert found.scores[0] > 0.5
    assert found.scores.min() <= 0.1
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def test_pictures_of_one_pixel_and_of_nobody_stay_without(portrait: Path) -> None:
    finder = face_finder(load_bundle())
    for shape in ((1, 1, 3), (3, 2000, 3), (400, 400, 3)):
        assert not len(finder.find(np.full(shape, 90, np.uint8), threshold=0.5, sizes_px=(640, 3840)))
    far = finds(1).moved(5000, 5000)
    assert not len(looks().find(np.full((100, 100, 3), 90, np.uint8), far, nobody()))
