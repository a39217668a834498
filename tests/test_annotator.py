"""The annotator gives one result a photo, in order, with boxes, numbers and labels that fit the photo."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from faceannot import Annotator, BundleError, InputError, Photo, PhotoResult, Status, UsageError
from faceannot.annotator import box_inside
from faceannot.detector import Detections
from faceannot.records import Box, Scores
from tests import fakes
from tests.fakes import HAPPY_FEMALE, HAPPY_MALE, SAD_FEMALE, SAD_MALE, SIDE
from tests.processes import children


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakes.bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def annotator(bundle: Path) -> Annotator:
    return Annotator(model=bundle, threads=1)


def only(annotator: Annotator, source: Any) -> PhotoResult:
    results = list(annotator.annotate(source))
    assert len(results) == 1
    return results[0]


def labels(result: PhotoResult) -> list[str]:
    return [face.scores.label for face in result.faces]


def test_faces_are_numbered_from_left_to_right(annotator: Annotator) -> None:
    photo = fakes.photo((7, 0, SAD_MALE), (1, 5, HAPPY_MALE), (4, 2, SAD_FEMALE), (5, 1, HAPPY_FEMALE))
    result = only(annotator, photo)
    assert [face.number for face in result.faces] == [1, 2, 3, 4]
    assert [face.box.left for face in result.faces] == [SIDE, 4 * SIDE, 5 * SIDE, 7 * SIDE]
    assert labels(result) == ["HappyMale", "SadFemale", "HappyFemale", "SadMale"]


def test_boxes_and_landmarks_are_in_pixels_of_the_full_size(annotator: Annotator, tmp_path: Path) -> None:
    small = fakes.photo((2, 3, HAPPY_MALE), (9, 6, SAD_MALE), height=480)
    large = np.kron(small, np.ones((5, 5, 1), np.uint8))
    result = only(annotator, fakes.save(large, tmp_path / "large.jpg"))
    assert (result.photo_width, result.photo_height) == (3200, 2400)
    assert [box_of(face) for face in result.faces] == [
        pytest.approx((5 * 2 * SIDE, 5 * 3 * SIDE, 5 * SIDE, 5 * SIDE), abs=6),
        pytest.approx((5 * 9 * SIDE, 5 * 6 * SIDE, 5 * SIDE, 5 * SIDE), abs=6),
    ]
    left_eye, right_eye = result.faces[0].landmarks[:2]
    assert left_eye[0] == pytest.approx(5 * SIDE * 2.35, abs=6)
    assert left_eye[0] < right_eye[0]


def box_of(face: Any) -> tuple[int, int, int, int]:
    return face.box.left, face.box.top, face.box.width, face.box.height


def test_boxes_lie_in_the_turned_picture(annotator: Annotator, tmp_path: Path) -> None:
    upright = fakes.photo((1, 4, HAPPY_MALE), width=448, height=640)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(upright)).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    result = only(annotator, tmp_path / "turned.jpg")
    assert (result.photo_width, result.photo_height) == (448, 640)
    assert [face.box for face in result.faces] == [Box(SIDE, 4 * SIDE, SIDE, SIDE)]


@given(
    edges=st.tuples(*[st.floats(-3000, 3000, width=32)] * 4),
    size=st.tuples(st.integers(1, 1000), st.integers(1, 1000)),
)
def test_a_box_lies_inside_the_picture_and_has_a_pixel(edges: tuple[float, ...], size: tuple[int, int]) -> None:
    box = box_inside(np.array(edges, np.float32), size)
    assert 0 <= box.left < box.left + box.width <= size[0]
    assert 0 <= box.top < box.top + box.height <= size[1]


def test_each_photo_has_its_result_in_the_order_of_the_input(bundle: Path, tmp_path: Path) -> None:
    names, expected = [], []
    for number in range(25):
        path = tmp_path / f"{number % 7}-{number}.png"
        faces = [(column, 1, HAPPY_MALE) for column in range(number % 4)]
        # Sizes differ so that the photos do not take equally long.
        fakes.save(fakes.photo(*faces, height=96 + 96 * (number % 5)), path)
        names.append(str(path))
        expected.append(number % 4)
    results = list(Annotator(model=bundle, threads=4, batch_size=3).annotate(names))
    assert [result.path for result in results] == names
    assert [len(result.faces) for result in results] == expected


def test_a_photo_without_a_face_says_so(annotator: Annotator) -> None:
    result = only(annotator, fakes.photo(width=300, height=200))
    assert (result.status, result.faces) == (Status.NO_FACE, ())
    assert (result.photo_width, result.photo_height) == (300, 200)


def test_a_photo_that_cannot_be_read_is_a_result_with_a_reason(annotator: Annotator, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    good = fakes.save(fakes.photo((1, 1, HAPPY_MALE)), tmp_path / "good.png")
    results = list(annotator.annotate([tmp_path / "missing.jpg", good, tmp_path / "empty.jpg"]))
    assert [result.status for result in results] == [Status.ERROR, Status.OK, Status.ERROR]
    assert "no such file" in str(results[0].error)
    assert "empty" in str(results[2].error)


def test_nothing_to_read_is_an_error(annotator: Annotator, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        list(annotator.annotate(tmp_path))


def test_arrays_files_contents_and_photos_are_taken_beside_paths(annotator: Annotator, tmp_path: Path) -> None:
    rgb = fakes.photo((3, 3, SAD_FEMALE))
    path = fakes.save(rgb, tmp_path / "photo.png")
    content = path.read_bytes()
    with path.open("rb") as file:
        sources = [path, rgb, content, io.BytesIO(content), file, Photo("mine", rgb)]
        results = list(annotator.annotate(sources))
    assert [labels(result) for result in results] == [["SadFemale"]] * 6
    assert [result.path for result in results] == [str(path), "array-2", "bytes-3", "file-4", str(path), "mine"]


def test_one_source_need_not_be_in_a_list(annotator: Annotator, tmp_path: Path) -> None:
    rgb = fakes.photo((3, 3, SAD_FEMALE))
    path = fakes.save(rgb, tmp_path / "photo.png")
    for source in (path, str(path), tmp_path, rgb, path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert labels(only(annotator, source)) == ["SadFemale"]


def test_a_folder_is_walked_and_its_photos_are_named_relative_to_it(annotator: Annotator, tmp_path: Path) -> None:
    fakes.save(fakes.photo(), tmp_path / "b.png")
    fakes.save(fakes.photo(), tmp_path / "a" / "c.png")
    assert [result.path for result in annotator.annotate(tmp_path)] == ["a/c.png", "b.png"]


def test_an_array_of_another_shape_is_a_result_with_a_reason(annotator: Annotator) -> None:
    assert only(annotator, np.zeros((20, 20), np.uint8)).status is Status.ERROR


def test_faces_below_the_smallest_size_are_left_out(bundle: Path) -> None:
    photo = fakes.photo((1, 1, HAPPY_MALE))
    assert len(only(Annotator(model=bundle, threads=1, smallest_face=SIDE), photo).faces) == 1
    assert only(Annotator(model=bundle, threads=1, smallest_face=SIDE + 1), photo).status is Status.NO_FACE


def test_the_smallest_size_counts_at_full_size(bundle: Path, tmp_path: Path) -> None:
    large = np.kron(fakes.photo((2, 3, HAPPY_MALE), height=480), np.ones((5, 5, 1), np.uint8))
    path = fakes.save(large, tmp_path / "large.png")
    assert len(only(Annotator(model=bundle, threads=1, smallest_face=5 * SIDE - 8), path).faces) == 1
    assert not only(Annotator(model=bundle, threads=1, smallest_face=5 * SIDE + 8), path).faces


def test_the_detection_threshold_leaves_out_faint_faces(bundle: Path) -> None:
    faint = fakes.photo((1, 1, (217, 0, 0)))
    assert only(Annotator(model=bundle, threads=1), faint).faces[0].detection == pytest.approx(0.8, abs=0.01)
    assert not only(Annotator(model=bundle, threads=1, detection_threshold=0.85), faint).faces


def test_a_label_below_the_threshold_is_unsure(bundle: Path) -> None:
    photo = fakes.photo((1, 1, HAPPY_MALE))
    assert not only(Annotator(model=bundle, threads=1, unsure_threshold=0.9), photo).faces[0].unsure
    assert only(Annotator(model=bundle, threads=1, unsure_threshold=1.0), photo).faces[0].unsure


def test_an_expression_that_is_neither_happy_nor_sad_is_unsure(tmp_path: Path) -> None:
    bundle = fakes.bundle(tmp_path, unsure_threshold=0.0)
    fakes.replace_classifier(bundle, likeliest="surprise")
    face = only(Annotator(model=bundle, threads=1), fakes.photo((1, 1, HAPPY_MALE))).faces[0]
    assert face.scores.expression == "surprise"
    assert face.unsure


def test_known_photos_are_not_read_again_and_keep_their_place(annotator: Annotator) -> None:
    known = PhotoResult("2", Status.ERROR, error="known")
    photos = [Photo(str(number), fakes.photo() if number != 2 else b"not a photo") for number in range(5)]
    results = list(annotator.annotate(photos, known=lambda photo: known if photo.name == "2" else None))
    assert [result.path for result in results] == ["0", "1", "2", "3", "4"]
    assert results[2] is known


def test_a_fault_while_finding_faces_costs_that_photo_alone(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotator = Annotator(model=bundle, threads=1)
    look = annotator._finder.detect

    def fail_on_wide(rgb: fakes.RgbArray, **options: Any) -> Detections:
        if rgb.shape[0] == 320:
            raise MemoryError("no\nroom")
        return look(rgb, **options)

    monkeypatch.setattr(annotator._finder, "detect", fail_on_wide)
    results = list(annotator.annotate([fakes.photo(), fakes.photo(height=320), fakes.photo()]))
    assert [result.status for result in results] == [Status.NO_FACE, Status.ERROR, Status.NO_FACE]
    assert results[1].error == "finding faces failed: MemoryError: no room"


def test_a_fault_of_the_classifier_costs_the_photos_of_the_faces_it_comes_from(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotator = Annotator(model=bundle, threads=1, batch_size=8)
    classify = annotator._classifier.classify

    def fail_on_sad_women(crops: fakes.RgbArray) -> list[Scores]:
        if (crops[..., 1].mean(axis=(1, 2)) < 20).any():
            raise RuntimeError("no\nroom")
        return classify(crops)

    monkeypatch.setattr(annotator._classifier, "classify", fail_on_sad_women)
    happy, both = fakes.photo((1, 1, HAPPY_MALE)), fakes.photo((1, 1, HAPPY_MALE), (4, 1, SAD_FEMALE))
    results = list(annotator.annotate([happy, both, happy]))
    assert [result.status for result in results] == [Status.OK, Status.ERROR, Status.OK]
    assert results[1].error == "classifying a face failed: RuntimeError: no room"


def test_a_face_has_the_same_scores_whatever_the_others_in_its_batch() -> None:
    whole = Annotator(threads=1)
    crops = [noise(number, whole.bundle.crop_px) for number in range(5)]
    alone = [whole._classify([crop])[0] for crop in crops]
    assert whole._classify(crops) == alone


def noise(seed: int, side_px: int) -> fakes.RgbArray:
    return np.random.default_rng(seed).integers(0, 256, (side_px, side_px, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 0},
        {"threads": 0},
        {"smallest_face": 0},
        {"detection_threshold": 1.1},
        {"unsure_threshold": -0.1},
        {"timeout_s": 0},
        {"timeout_s": float("nan")},
        {"timeout_s": float("inf")},
    ],
)
def test_an_option_that_cannot_be_meant_is_named(bundle: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        Annotator(model=bundle, **options)


def test_a_detector_without_yunets_interface_is_refused_before_the_first_photo(bundle: Path) -> None:
    with pytest.raises(BundleError, match="YuNet"):
        Annotator(model=bundle, detector=bundle / "classifier.onnx")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts processes by Linux's /proc")
def test_leaving_early_ends_the_reading_processes(annotator: Annotator, tmp_path: Path) -> None:
    path = fakes.save(fakes.photo(), tmp_path / "a.png")
    before = children(os.getpid())
    results = annotator.annotate([path] * 50)
    next(results)
    assert children(os.getpid()) - before
    results.close()
    assert not children(os.getpid()) - before


def test_a_script_without_a_main_guard_works(bundle: Path, tmp_path: Path) -> None:
    fakes.save(fakes.photo((1, 1, HAPPY_MALE)), tmp_path / "photos" / "a.png")
    script = tmp_path / "script.py"
    script.write_text(
        "from faceannot import Annotator\n"
        f"for result in Annotator(model={str(bundle)!r}).annotate('photos'):\n"
        "    print(result.path, [face.scores.label for face in result.faces])\n"
    )
    root = str(Path(__file__).parent.parent)
    run = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.stdout, run.stderr, run.returncode) == ("a.png ['HappyMale']\n", "", 0)
