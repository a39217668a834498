"""Labels from people and a teacher together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from faceannot.datasets.example import Example
from faceannot.detector import Detections, Detector
from faceannot.errors import DatasetError
from faceannot.training.detector.annotated_photos import AnnotatedPhoto, animals, appa_real, negatives, street, webfaces
from faceannot.training.detector.close_ups import close_ups
from faceannot.training.detector.labelled_photos import load_labelled
from faceannot.training.detector.labels import fuse, label_photos, look, look_close, merge, unmirrored
from tests import fakes

POINTS = np.array([(10, 12), (20, 12), (15, 18), (11, 24), (19, 24)], np.float32)


def found(*boxes_and_scores: tuple[float, float, float, float, float]) -> Detections:
    rows = np.array(boxes_and_scores, np.float32).reshape(-1, 5)
    return Detections(rows[:, :4], np.tile(POINTS, (len(rows), 1, 1)), rows[:, 4])


def test_a_mirrored_face_comes_back_to_its_place_with_its_points_in_order() -> None:
    width = 100
    face = found((5, 8, 25, 30, 0.9))
    mirrored = Detections(
        np.array([[width - 1 - 25, 8, width - 1 - 5, 30]], np.float32),
        (POINTS * np.array([-1, 1]) + np.array([width - 1, 0]))[None, [1, 0, 2, 4, 3]].astype(np.float32),
        face.scores,
    )
    back = unmirrored(mirrored, width)
    assert np.allclose(back.boxes, face.boxes)
    assert np.allclose(back.landmarks, face.landmarks)


def test_a_face_seen_twice_is_one_and_surer_than_one_seen_once() -> None:
    fused = fuse([found((0, 0, 10, 10, 0.9), (50, 50, 60, 60, 0.9)), found((1, 1, 11, 11, 0.8))])
    assert len(fused) == 2
    assert fused.scores.tolist() == pytest.approx([0.85, 0.45])
    assert 0 < fused.boxes[0, 0] < 1


def test_people_decide_where_the_teacher_doubts_and_add_what_it_misses() -> None:
    doubtful, unsupported, sure = (0, 0, 20, 20, 0.4), (60, 60, 80, 80, 0.4), (100, 0, 120, 20, 0.95)
    annotated = np.array([(1, 1, 21, 21), (200, 200, 220, 220)], np.float32)
    boxes, landmarks, ignored = merge(found(sure, doubtful, unsupported), annotated)
    assert {tuple(box) for box in boxes.tolist()} == {sure[:4], doubtful[:4], (200.0, 200.0, 220.0, 220.0)}
    assert np.isnan(landmarks[-1]).all()
    assert ignored.tolist() == [list(unsupported[:4])]


@pytest.mark.parametrize("side_px", [64, 300])
def test_a_tiny_picture_is_looked_at_like_any_other(side_px: int, tmp_path: Path) -> None:
    onnx.save(fakes.detector(), tmp_path / "teacher.onnx")
    face = fakes.photo((0, 0, fakes.HAPPY_MALE), width=side_px, height=side_px)
    assert len(look(Detector(tmp_path / "teacher.onnx"), face))


def test_labels_are_read_back_as_they_were_made(tmp_path: Path) -> None:
    onnx.save(fakes.detector(), tmp_path / "teacher.onnx")
    fakes.save(fakes.photo((2, 3, fakes.HAPPY_MALE)), tmp_path / "photo.png")
    fakes.save(fakes.photo(), tmp_path / "empty.png")
    none = np.zeros((0, 4), np.float32)
    photos = [AnnotatedPhoto("webfaces", tmp_path / f"{name}.png", none) for name in ("photo", "empty")]
    kept = [photo for photo in photos if not photo.is_test]
    label_photos(photos, tmp_path / "teacher.onnx", tmp_path / "out", workers=1)
    labelled = load_labelled(tmp_path / "out")
    assert [photo.name for photo in labelled] == [photo.path.name for photo in kept]
    for photo in labelled:
        assert np.array_equal(photo.rgb, np.asarray(Image.open(tmp_path / photo.name)))


def test_webfaces_points_become_a_box_around_them(tmp_path: Path) -> None:
    fakes.save(fakes.photo(), tmp_path / "Caltech_WebFaces" / "pic1.jpg")
    (tmp_path / "WebFaces_GroundThruth.txt").write_text("pic1.jpg 100 80 140 80 120 100 120 120\n")
    (photo,) = webfaces(tmp_path)
    left, top, right, bottom = photo.boxes[0]
    assert left < 100 < 140 < right
    assert top < 80 < 120 < bottom


def test_webfaces_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "WebFaces_GroundThruth.txt").write_text("pic1.jpg 1 2 3\n")
    with pytest.raises(DatasetError, match=r"WebFaces_GroundThruth\.txt:1"):
        list(webfaces(tmp_path))


def test_street_boxes_come_from_the_voc_files_and_photos_without_one_have_none(tmp_path: Path) -> None:
    for name in ("a", "b"):
        fakes.save(fakes.photo(), tmp_path / "JPEGImages" / f"{name}.jpg")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "a.xml").write_text(
        "<annotation><object><name>with_mask</name><bndbox><xmin>3</xmin><ymin>4</ymin><xmax>30</xmax><ymax>40</ymax>"
        "</bndbox></object></annotation>"
    )
    assert [photo.boxes.tolist() for photo in street(tmp_path)] == [[[3.0, 4.0, 30.0, 40.0]], []]


def test_a_folder_without_photos_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no photos"):
        list(appa_real(tmp_path))


def test_a_close_up_without_a_sure_face_is_left_out_and_one_with_a_face_is_labelled(tmp_path: Path) -> None:
    onnx.save(fakes.detector(), tmp_path / "teacher.onnx")
    fakes.save(fakes.photo((0, 0, fakes.HAPPY_MALE), width=32, height=32), tmp_path / "photo.png")
    fakes.save(fakes.photo(width=32, height=32), tmp_path / "empty.png")
    none = np.zeros((0, 4), np.float32)
    photos = [AnnotatedPhoto("rafdb", tmp_path / f"{name}.png", none, close=True) for name in ("photo", "empty")]
    assert not any(photo.is_test for photo in photos)
    label_photos(photos, tmp_path / "teacher.onnx", tmp_path / "out", workers=1)
    (labelled,) = load_labelled(tmp_path / "out")
    assert labelled.name == "photo.png"
    assert len(labelled.boxes)


@pytest.mark.parametrize("read", [animals, negatives])
def test_no_teacher_is_asked_where_all_faces_were_seen(
    read: Callable[[Path], Iterator[AnnotatedPhoto]], tmp_path: Path
) -> None:
    onnx.save(fakes.detector(), tmp_path / "teacher.onnx")
    fakes.save(fakes.photo((2, 3, fakes.HAPPY_MALE)), tmp_path / "photos" / "dogs" / "a.png")
    (photo,) = read(tmp_path / "photos")
    assert photo.seen
    for asked, finds_some in ((photo, False), (replace(photo, seen=False), True)):
        label_photos([asked], tmp_path / "teacher.onnx", tmp_path / "out", workers=1)
        (labelled,) = load_labelled(tmp_path / "out")
        assert (labelled.source, len(labelled.boxes) > 0) == (photo.source, finds_some)


def test_the_border_round_a_close_up_moves_nothing(tmp_path: Path) -> None:
    onnx.save(fakes.detector(), tmp_path / "teacher.onnx")
    teacher = Detector(tmp_path / "teacher.onnx")
    boxes = look_close(teacher, fakes.photo((0, 0, fakes.HAPPY_MALE), width=32, height=32)).boxes
    assert -3 < boxes.min() < 3
    assert 29 < boxes.max() < 35


def test_close_ups_are_a_lasting_choice_of_training_faces() -> None:
    examples = [Example("rafdb", f"{n}.jpg", Path(f"{n}.jpg"), "test" if n % 3 == 0 else "train") for n in range(60)]
    chosen = [photo.path.name for photo in close_ups(examples, 10)]
    assert len(chosen) == 10
    assert all(int(name.removesuffix(".jpg")) % 3 for name in chosen)
    assert [photo.path.name for photo in close_ups(reversed(examples), 10)] == chosen
    assert all(photo.close for photo in close_ups(examples, 10))
