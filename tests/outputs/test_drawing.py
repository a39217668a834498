"""What is seen on an annotated picture."""

from __future__ import annotations

import numpy as np
import pytest

from faceannot.outputs.drawing import COLOURS, RgbArray, draw
from faceannot.records import LABELS, Box, Emotion, Gender, Label
from tests.outputs.results import face, photo_result, scores

GREY = 127


def grey(width: int = 640, height: int = 480) -> RgbArray:
    return np.full((height, width, 3), GREY, dtype=np.uint8)


def count(rgb: RgbArray, label: Label) -> int:
    """Pixels in exactly a label's colour."""
    return int((rgb == COLOURS[label]).all(axis=2).sum())


@pytest.mark.parametrize(
    ("gender", "emotion", "label"),
    [
        ("male", "happy", "HappyMale"),
        ("female", "happy", "HappyFemale"),
        ("male", "sad", "SadMale"),
        ("female", "sad", "SadFemale"),
    ],
)
def test_a_face_is_drawn_in_its_labels_colour_alone(gender: Gender, emotion: Emotion, label: Label) -> None:
    result = photo_result("a.jpg", face(1, Box(200, 200, 100, 120), scores(gender, emotion)))
    drawn = draw(grey(), result)
    assert count(drawn, label) > 500
    assert all(count(drawn, other) == 0 for other in LABELS if other != label)


def test_the_box_goes_around_the_face() -> None:
    drawn = draw(grey(), photo_result("a.jpg", face(1, Box(200, 200, 100, 120))))
    changed = (drawn != GREY).any(axis=2)
    assert changed[200:320, 199:202].any(axis=1).all(), "the left side"
    assert changed[200:320, 298:302].any(axis=1).all(), "the right side"
    assert not changed[215:305, 215:285].any(), "the face itself is free"


def test_an_unsure_face_has_a_dashed_box() -> None:
    sure = draw(grey(), photo_result("a.jpg", face(1, Box(200, 200, 100, 120))))
    unsure = draw(grey(), photo_result("a.jpg", face(1, Box(200, 200, 100, 120), unsure=True)))
    side = (slice(210, 310), slice(198, 203))
    assert (sure[side] != GREY).any(axis=(1, 2)).all()
    assert 0.2 < (unsure[side] != GREY).any(axis=(1, 2)).mean() < 0.9


def test_the_picture_given_stays_as_it_was() -> None:
    rgb = grey()
    draw(rgb, photo_result("a.jpg", face(1, Box(200, 200, 100, 120))))
    assert (rgb == GREY).all()


def test_a_photo_without_a_face_is_left_as_it_is() -> None:
    assert (draw(grey(), photo_result("a.jpg")) == GREY).all()


def test_boxes_follow_a_shrunk_picture() -> None:
    result = photo_result("a.jpg", face(1, Box(400, 400, 200, 240)), width=1280, height=960)
    changed = (draw(grey(640, 480), result) != GREY).any(axis=2)
    assert changed[200:320, 199:203].any(axis=1).all()
    assert not changed[340:, 320:].any()


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (12, 12), (300, 200), (5000, 40)])
@pytest.mark.parametrize("unsure", [False, True])
def test_any_picture_with_a_face_as_large_as_itself_can_be_drawn(size: tuple[int, int], unsure: bool) -> None:
    result = photo_result("a.jpg", face(1, Box(0, 0, *size), unsure=unsure), width=size[0], height=size[1])
    assert draw(grey(*size), result).shape == (size[1], size[0], 3)


def test_a_crowd_is_given_a_legend_for_the_colours_that_occur() -> None:
    boxes = [Box(x, y, 16, 18) for x in range(200, 600, 24) for y in range(100, 400, 30)]
    crowd = [face(i, box, scores("male", "sad")) for i, box in enumerate(boxes, 1)]
    corner = draw(grey(), photo_result("a.jpg", *crowd))[400:, :190]
    assert count(corner, "SadMale") > 300
    assert count(corner, "HappyFemale") == 0


def test_a_small_face_in_front_of_a_large_one_is_seen() -> None:
    large = face(1, Box(100, 100, 300, 300), scores("male", "sad"))
    small = face(2, Box(98, 150, 20, 20), scores("female", "happy"))
    drawn = draw(grey(), photo_result("a.jpg", large, small))
    assert count(drawn[155:165, 97:99], "HappyFemale") == 20, "its left side, beside that of the large box"
