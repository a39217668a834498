"""Texts are inside the picture, beside their face and on nothing else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from faceannot.outputs.layout import Plate, Rect, font, font_range, place_legend, place_plates, plate_size

TEXT = "HappyFemale? 0.97"


def overlap(one: Rect, other: Rect) -> int:
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0, across) * max(0, down)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[int, int, list[Rect]]:
    """A picture and boxes in it, perhaps at its edges, in one another, or as large as it is."""
    width, height = draw(st.integers(1, 6000)), draw(st.integers(1, 6000))

    def box() -> Rect:
        left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
        return Rect(left, top, right, bottom)

    return width, height, [box() for _ in range(draw(st.integers(1, 8)))]


def plates_of(scene: tuple[int, int, list[Rect]]) -> list[Plate | None]:
    width, height, boxes = scene
    return place_plates(boxes, [TEXT] * len(boxes), width, height)


@settings(deadline=None, max_examples=60)
@given(scenes())
def test_no_text_leaves_the_picture(scene: tuple[int, int, list[Rect]]) -> None:
    for plate in filter(None, plates_of(scene)):
        assert plate.rect.left >= 0 and plate.rect.top >= 0
        assert plate.rect.right <= scene[0] and plate.rect.bottom <= scene[1]
        assert (plate.rect.width, plate.rect.height) == plate_size(plate.text, plate.font_px)


@settings(deadline=None, max_examples=60)
@given(scenes())
def test_no_text_lies_on_another_face_or_text(scene: tuple[int, int, list[Rect]]) -> None:
    plates = plates_of(scene)
    for index, plate in enumerate(plates):
        if plate:
            others = [box for number, box in enumerate(scene[2]) if number != index]
            others += [other.rect for other in plates if other and other is not plate]
            assert not any(overlap(plate.rect, other) for other in others)


@settings(deadline=None, max_examples=60)
@given(scenes())
def test_a_text_covers_little_of_its_own_face(scene: tuple[int, int, list[Rect]]) -> None:
    for box, plate in zip(scene[2], plates_of(scene), strict=True):
        assert not plate or overlap(plate.rect, box) <= 0.2 * box.width * box.height


def test_a_lone_small_face_has_a_text() -> None:
    assert plates_of((1000, 800, [Rect(500, 400, 512, 412)])) != [None]


def test_a_close_portrait_has_its_text_inside_the_box() -> None:
    (plate,) = plates_of((800, 1000, [Rect(0, 0, 800, 1000)]))
    assert plate


def test_a_face_that_leaves_no_room_for_a_text_has_none() -> None:
    assert plates_of((120, 60, [Rect(0, 0, 120, 60)])) == [None]


def test_small_faces_of_a_crowd_have_no_text() -> None:
    crowd = [Rect(x, y, x + 24, y + 28) for x in range(10, 690, 34) for y in range(10, 400, 40)]
    assert plates_of((720, 480, crowd)) == [None] * len(crowd)


def test_whether_a_small_face_has_a_text_does_not_depend_on_its_label() -> None:
    boxes = [Rect(100, 100, 125, 130), Rect(160, 100, 185, 130)]
    assert place_plates(boxes, ["SadMale 0.97", TEXT], 400, 300) == [None, None]


def test_ten_thousand_faces_are_placed() -> None:
    boxes = [Rect(x, y, x + 12, y + 12) for x in range(0, 2000, 20) for y in range(0, 2000, 20)]
    assert len(plates_of((2000, 2000, boxes))) == 10_000


def test_text_grows_with_the_picture_and_stays_legible() -> None:
    assert font_range(300, 200)[0] >= 11
    assert font_range(6000, 4000)[0] >= 40


def test_the_font_has_every_character_of_a_label() -> None:
    missing = bytes(font(20).getmask("\uffff"))
    assert all(bytes(font(20).getmask(character)) != missing for character in "HappyMaleFSd?0.123456789")


def test_a_legend_avoids_what_is_taken() -> None:
    bottom_left = Rect(0, 90, 10, 100)
    assert place_legend([bottom_left], (20, 20), 100, 100) == Rect(0, 0, 20, 20)


def test_a_legend_that_fits_nowhere_is_left_out() -> None:
    assert place_legend([Rect(0, 0, 100, 100)], (20, 20), 100, 100) is None
    assert place_legend([], (200, 20), 100, 100) is None
