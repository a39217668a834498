"""The detector: decoding, suppression, and looking at several sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faceannot.detector import HINT, SMALL_FACE_PX, STRIDES, Detections, Detector, decode, merge, overlap, resized
from faceannot.errors import BundleError
from faceannot.tiles import Tile, whole
from tests import fakes


def found(*rows: tuple[float, float, float, float, float]) -> Detections:
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(table[:, :4], np.zeros((len(table), 5, 2), np.float32), table[:, 4])


def silence(height: int, width: int) -> dict[str, np.ndarray]:
    """Raw outputs that say "no face" everywhere."""
    cells = {stride: (height // stride) * (width // stride) for stride in STRIDES}
    sizes = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    return {f"{part}_{s}": np.zeros((cells[s], size), np.float32) for part, size in sizes.items() for s in STRIDES}


def test_decode_reads_a_cell_as_yunet_means_it() -> None:
    outputs = silence(64, 96)
    cell = 2 * (96 // 16) + 3
    outputs["cls_16"][cell], outputs["obj_16"][cell] = 0.9, 0.4
    outputs["bbox_16"][cell] = (0.5, 0.25, np.log(2.0), np.log(3.0))
    outputs["kps_16"][cell] = np.arange(10) / 10
    decoded = decode(outputs, (64, 96), 0.5)
    assert decoded.scores == pytest.approx([0.6])
    assert decoded.boxes[0] == pytest.approx([(3.5 - 1) * 16, (2.25 - 1.5) * 16, (3.5 + 1) * 16, (2.25 + 1.5) * 16])
    assert decoded.landmarks[0, 1] == pytest.approx([(3 + 0.2) * 16, (2 + 0.3) * 16])


def test_decode_leaves_out_what_is_below_the_threshold() -> None:
    outputs = silence(64, 64)
    outputs["cls_8"][5], outputs["obj_8"][5] = 0.5, 0.5
    assert len(decode(outputs, (64, 64), 0.51)) == 0


def test_merge_keeps_one_of_overlapping_boxes_and_all_others() -> None:
    kept = merge(found((0, 0, 10, 10, 0.7), (1, 1, 11, 11, 0.9), (30, 0, 40, 10, 0.5)))
    assert kept.scores == pytest.approx([0.9, 0.5])


def test_merge_drops_a_weaker_box_inside_a_face() -> None:
    kept = merge(found((0, 0, 100, 100, 0.9), (20, 20, 40, 40, 0.8)))
    assert len(kept) == 1
    assert kept.boxes[0] == pytest.approx([0, 0, 100, 100])


def test_a_face_is_where_the_finds_that_agree_on_it_see_it_by_their_scores() -> None:
    finds = found((0, 0, 100, 100, 0.9), (10, 0, 110, 100, 0.3), (60, 0, 160, 100, 0.6), (0, 40, 100, 140, 0.8))
    finds.landmarks[:, 0, 0] = (40, 48, 99, 98)
    kept = merge(finds)
    # The last one overlaps too much to be another face, and too little to say where this one is.
    assert kept.scores == pytest.approx([0.9, 0.6])
    assert kept.boxes[0] == pytest.approx([2.5, 0, 102.5, 100])
    assert kept.landmarks[0, 0, 0] == pytest.approx(42)
    assert kept.boxes[1] == pytest.approx([60, 0, 160, 100])


@given(arrays.arrays(np.float32, st.tuples(st.integers(0, 25), st.just(5)), elements=st.floats(0, 1, width=32)))
def test_merged_finds_keep_their_order_and_stay_among_those_that_they_are_made_of(rows: np.ndarray) -> None:
    boxes = np.concatenate([rows[:, :2] * 50, rows[:, :2] * 50 + 1 + rows[:, 2:4] * 30], axis=1)
    once = merge(Detections(boxes, np.zeros((len(rows), 5, 2), np.float32), rows[:, 4]))
    assert (np.diff(once.scores) <= 0).all()
    assert once.scores.max(initial=0.0) == rows[:, 4].max(initial=0.0)
    assert len(merge(once)) <= len(once)
    for box in once.boxes:
        near = boxes[overlap(box, boxes) > 0.2]
        assert (near.min(axis=0) - 1e-3 <= box).all()
        assert (box <= near.max(axis=0) + 1e-3).all()


@given(st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(1, 40), st.floats(1, 40)))
def test_a_box_overlaps_itself_wholly(box: tuple[float, float, float, float]) -> None:
    edges = np.array([box[0], box[1], box[0] + box[2], box[1] + box[3]], np.float32)
    assert overlap(edges, edges[None])[0] == pytest.approx(1.0, abs=1e-4)


def test_no_looks_at_all_are_no_faces() -> None:
    none = Detections.concatenate([])
    assert len(none) == 0
    assert none.boxes.shape == (0, 4)
    assert none.landmarks.shape == (0, 5, 2)


@pytest.fixture
def detector(tmp_path: Path) -> Detector:
    onnx.save(fakes.detector(), tmp_path / "d.onnx")
    return Detector(tmp_path / "d.onnx")


def test_detect_gives_places_in_pixels_of_the_picture_whatever_its_size(detector: Detector) -> None:
    rgb = fakes.photo((2, 1, fakes.SAD_MALE), width=150, height=100)
    faces = detector.detect(rgb, threshold=0.7)
    assert faces.boxes.tolist() == [pytest.approx([64, 32, 96, 64], abs=0.5)]


def test_find_sees_a_face_that_fills_the_photo(detector: Detector) -> None:
    face = np.full((1600, 1600, 3), (255, 0, 0), np.uint8)
    faces = detector.find(face, threshold=0.7)
    assert len(faces) >= 1


def test_find_looks_closer_where_small_faces_turn_up_and_no_further_than_asked(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    enlarged: list[float] = []
    monkeypatch.setattr(detector, "detect", lambda rgb, *, threshold: found((310, 230, 325, 246, 0.9)))

    def around(boxes: np.ndarray, size: tuple[int, int], factor: float) -> list[Tile]:
        enlarged.append(factor)
        return [whole(size)]

    monkeypatch.setattr("faceannot.detector.around", around)
    detector.find(np.zeros((1500, 2000, 3), np.uint8), threshold=0.5, sizes_px=(640, 2560))
    assert enlarged == pytest.approx([1280 / 2000, 2560 / 2000])
    enlarged.clear()
    detector.find(np.zeros((300, 400, 3), np.uint8), threshold=0.5, sizes_px=(640, 2560))
    assert enlarged == pytest.approx([1200 / 400])


def test_find_looks_closer_around_what_may_be_a_small_face_and_gives_places_in_the_whole_picture(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, ...]] = []

    def detect(rgb: np.ndarray, *, threshold: float) -> Detections:
        """A face where it is red, surer the larger it is."""
        sizes.append(rgb.shape[:2])
        rows, columns = np.nonzero(rgb[:, :, 0] > 128)
        if not len(rows):
            return found()
        box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        return found((*box, 0.9 if box[2] - box[0] >= SMALL_FACE_PX else HINT))

    monkeypatch.setattr(detector, "detect", detect)
    rgb = np.zeros((1500, 2000, 3), np.uint8)
    rgb[300:340, 1500:1540] = 255, 0, 0
    faces = detector.find(rgb, threshold=0.5)
    assert sizes[:2] == [(256 - 48, 256), (480, 640)]
    assert len(sizes) == 3
    assert all(side < 300 for side in sizes[2])
    assert faces.boxes.tolist() == [pytest.approx([1500, 300, 1540, 340], abs=2)]


def test_a_cell_without_a_finite_place_is_no_face() -> None:
    outputs = silence(64, 64)
    for name in ("cls_8", "obj_8"):
        outputs[name][3:6] = 0.9
    outputs["bbox_8"][3, 0], outputs["kps_8"][4, 7] = np.nan, np.inf
    assert len(decode(outputs, (64, 64), 0.5)) == 1


def test_find_looks_once_more_when_nothing_was_seen_and_not_when_all_is_large(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides: list[int] = []
    answers = found()

    def detect(rgb: np.ndarray, *, threshold: float) -> Detections:
        sides.append(max(rgb.shape[:2]))
        return answers

    monkeypatch.setattr(detector, "detect", detect)
    detector.find(np.zeros((1500, 2000, 3), np.uint8), threshold=0.5, sizes_px=(640, 2560))
    assert sides == [256, 640, 1280]
    sides.clear()
    answers = found((10, 10, 200, 210, 0.9))
    detector.find(np.zeros((1500, 2000, 3), np.uint8), threshold=0.5, sizes_px=(640, 2560))
    assert sides == [256, 640]


def test_find_leaves_out_faces_that_are_smaller_than_asked(detector: Detector) -> None:
    rgb = fakes.photo((2, 1, fakes.SAD_MALE), width=640, height=320)
    assert len(detector.find(rgb, threshold=0.7, smallest_px=20)) == 1
    assert len(detector.find(rgb, threshold=0.7, smallest_px=80)) == 0


def test_a_network_of_fixed_size_gives_places_in_pixels_of_the_picture(tmp_path: Path) -> None:
    model = fakes.detector()
    for dimension, side in zip(model.graph.input[0].type.tensor_type.shape.dim, (1, 3, 320, 320), strict=True):
        dimension.dim_value = side
    onnx.save(model, tmp_path / "fixed.onnx")
    rgb = np.repeat(np.repeat(fakes.photo((2, 1, fakes.SAD_MALE), width=320, height=160), 2, axis=0), 2, axis=1)
    faces = Detector(tmp_path / "fixed.onnx").detect(rgb, threshold=0.7)
    assert faces.boxes.tolist() == [pytest.approx([128, 64, 192, 128], abs=1.0)]


def test_a_file_that_is_no_detector_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(BundleError, match=r"text\.onnx"):
        Detector(tmp_path / "text.onnx")
    onnx.save(fakes.classifier(), tmp_path / "other.onnx")
    with pytest.raises(BundleError, match="cls_8"):
        Detector(tmp_path / "other.onnx")


def test_resized_never_gives_less_than_a_pixel() -> None:
    assert resized(np.zeros((1, 3000, 3), np.uint8), 0.1).shape == (1, 300, 3)
