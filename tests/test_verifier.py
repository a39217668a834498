"""The verifier sees each find with what surrounds it, and decides in the detector's place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from faceannot import Annotator
from faceannot.bundle import file_sha256, load_bundle
from faceannot.detector import Detections, Detector
from faceannot.errors import BundleError
from faceannot.evaluation.shared_finds import sharing_annotators
from faceannot.finder import VerifiedDetector, face_finder
from faceannot.verifier import CUT_OUT, UNSEEN, Verifier, logit, surroundings
from tests import fakes

SIDE = 16


def boxes(*edges: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(edges, np.float32).reshape(-1, 4)


def halves(width: int = 400, height: int = 300) -> fakes.RgbArray:
    """Red on the left, blue on the right."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, : width // 2, 0] = rgb[:, width // 2 :, 2] = 200
    return rgb


@pytest.mark.parametrize("side", [4.0, 16.0, 60.0, 120.0])
def test_a_crop_shows_the_box_in_its_middle_with_as_much_around_it_as_wanted(side: float) -> None:
    box = boxes((200 - side / 2, 150 - side / 2, 200 + side / 2, 150 + side / 2))
    (crop,) = surroundings(halves(), box, SIDE, 2.0)
    assert crop.shape == (SIDE, SIDE, 3)
    assert (crop[:, : SIDE // 2 - 1] == (200, 0, 0)).all()
    assert (crop[:, SIDE // 2 + 1 :] == (0, 0, 200)).all()


def test_the_longer_side_of_a_box_counts() -> None:
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[30:70, 30:70] = 255
    wide, tall, whole = surroundings(rgb, boxes((30, 45, 70, 55), (45, 30, 55, 70), (30, 30, 70, 70)), SIDE, 1.0)
    for crop in (wide, tall, whole):
        assert (crop[1:-1, 1:-1] == 255).all()


def test_outside_of_the_picture_it_is_black() -> None:
    white = np.full((50, 50, 3), 255, np.uint8)
    (crop,) = surroundings(white, boxes((-20, 10, 20, 50)), SIDE, 1.0)
    assert (crop[:, :7] == 0).all()
    assert (crop[1:-1, 9:] == 255).all()


def test_what_gets_much_smaller_is_averaged() -> None:
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 200
    (crop,) = surroundings(stripes, boxes((160, 160, 480, 480)), SIDE, 1.0)
    assert np.abs(crop[2:-2, 2:-2].astype(int) - 100).max() < 12


@pytest.mark.parametrize("edges", [(-1e6, -1e6, 1e6, 1e6), (10, 10, 10, 10), (900, 900, 950, 950), (0, 0, 1, 3000)])
def test_boxes_of_any_size_and_place_have_a_crop(edges: tuple[float, float, float, float]) -> None:
    assert surroundings(halves(), boxes(edges), SIDE, 2.2).shape == (1, SIDE, SIDE, 3)


def test_no_boxes_no_crops() -> None:
    assert surroundings(halves(), boxes(), SIDE, 2.0).shape == (0, SIDE, SIDE, 3)


def test_the_verifier_decides_which_finds_are_faces(tmp_path: Path) -> None:
    folder = fakes.add_verifier(fakes.bundle(tmp_path))
    rgb = fakes.photo((2, 3, fakes.HAPPY_MALE), (9, 3, fakes.HAPPY_FEMALE))
    plain = Detector(folder / "detector.onnx").find(rgb, threshold=0.7, sizes_px=(640, 640))
    found = face_finder(load_bundle(folder)).find(rgb, threshold=0.7, sizes_px=(640, 640))
    assert len(plain) == 2
    assert found.boxes[:, 0].tolist() == pytest.approx([64.0], abs=1)
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-5.0)), abs=1e-3)


@pytest.mark.parametrize(
    ("side_px", "edges", "joint"),
    [
        (200, (20, 20, 180, 180), None),  # two fifths of the crop lie in the picture
        (200, (0, 0, 200, 200), UNSEEN),  # a quarter
        (100, (10, 10, 90, 90), UNSEEN + CUT_OUT),  # two fifths, in a picture that is likely a face cut out
        (100, (30, 30, 70, 70), None),
    ],
)
def test_a_face_that_fills_its_picture_is_the_detectors_to_judge(
    tmp_path: Path, side_px: int, edges: tuple[int, int, int, int], joint: float | None
) -> None:
    verification = load_bundle(
        fakes.add_verifier(fakes.bundle(tmp_path), context=2.0, weights=[1.0, 1.0, 0.0])
    ).verification
    assert verification
    blue = np.full((side_px, side_px, 3), (255, 0, 255), np.uint8)
    found = Detections(boxes(edges), np.zeros((1, 5, 2), np.float32), np.full(1, 0.5, np.float32))
    (score,) = Verifier(verification).scored(blue, found).scores.tolist()
    if joint is None:
        assert score < 1e-6
    else:
        assert score == pytest.approx(1 / (1 + np.exp(-joint)), abs=1e-3)


@pytest.mark.parametrize(
    ("side_px", "face_px", "cut_out"), [(128, 52, True), (128, 51, False), (129, 100, False), (20, 20, True)]
)
def test_a_face_that_fills_a_tiny_picture_is_more_likely_one(
    tmp_path: Path, side_px: int, face_px: int, cut_out: bool
) -> None:
    verification = load_bundle(fakes.add_verifier(fakes.bundle(tmp_path), weights=[0.0, 1.0, 0.0])).verification
    assert verification
    found = Detections(boxes((0, 0, face_px, 9)), np.zeros((1, 5, 2), np.float32), np.full(1, 0.3, np.float32))
    scored = Verifier(verification).scored(np.zeros((side_px, side_px, 3), np.uint8), found)
    assert scored.scores[0] == pytest.approx(0.6 if cut_out else 0.3, abs=0.01)


@pytest.mark.parametrize(
    ("moved_px", "by_detector", "score"),
    [
        (30, 0.3, 0.3),  # half of it lies on the better one, which is what the verifier sees there
        (30, 0.8, 0.8),  # somebody close behind
        (40, 0.3, 0.959),  # a third
    ],
)
def test_beside_a_better_find_the_detectors_score_decides(
    tmp_path: Path, moved_px: int, by_detector: float, score: float
) -> None:
    verification = load_bundle(fakes.add_verifier(fakes.bundle(tmp_path), weights=[1.0, 1.0, -UNSEEN])).verification
    assert verification
    places = boxes((40, 40 + moved_px, 100, 100 + moved_px), (40, 40, 100, 100))
    found = Detections(places, np.zeros((2, 5, 2), np.float32), np.array([by_detector, 0.9], np.float32))
    scored = Verifier(verification).scored(np.zeros((200, 200, 3), np.uint8), found)
    assert scored.boxes[:, 1].tolist() == [40, 40 + moved_px]
    assert scored.scores.tolist() == pytest.approx([0.998, score], abs=1e-3)


@pytest.mark.parametrize(
    ("others", "joint"),
    [
        ([], -0.1),
        ([(100, 100, 140, 140)], 0.316),
        ([(100, 100, 140, 140), (200, 100, 260, 160)], 0.559),
        ([(100, 100, 140, 140), (200, 100, 260, 160), (300, 100, 340, 140)], 0.559),
        ([(100, 100, 190, 190)], -0.1),  # much larger
        ([(100, 100, 117, 117)], -0.1),  # much smaller
        ([(30, 0, 70, 40)], -0.1),  # the same face, a quarter beside it
    ],
)
def test_where_there_are_faces_there_are_more(
    tmp_path: Path, others: list[tuple[int, int, int, int]], joint: float
) -> None:
    verification = load_bundle(fakes.add_verifier(fakes.bundle(tmp_path), weights=[0.0, 1.0, 0.0])).verification
    assert verification
    by_detector = np.array([1 / (1 + np.exp(0.1)), *[0.9] * len(others)], np.float32)
    found = Detections(boxes((0, 0, 40, 40), *others), np.zeros((len(by_detector), 5, 2), np.float32), by_detector)
    scored = Verifier(verification).scored(np.zeros((300, 400, 3), np.uint8), found)
    (score,) = scored.scores[(scored.boxes == (0, 0, 40, 40)).all(axis=1)]
    assert logit(score) == pytest.approx(joint, abs=0.01)


def test_doubtful_finds_are_no_company(tmp_path: Path) -> None:
    verification = load_bundle(fakes.add_verifier(fakes.bundle(tmp_path), weights=[0.0, 1.0, 0.0])).verification
    assert verification
    found = Detections(boxes((0, 0, 40, 40), (90, 0, 130, 40)), np.zeros((2, 5, 2), np.float32), np.full(2, 0.85, "f"))
    scored = Verifier(verification).scored(np.zeros((300, 400, 3), np.uint8), found)
    assert scored.scores.tolist() == pytest.approx([0.85, 0.85], abs=1e-3)


def test_a_find_beside_one_that_is_none_counts_as_it_is(tmp_path: Path) -> None:
    verification = load_bundle(fakes.add_verifier(fakes.bundle(tmp_path), weights=[1.0, 1.0, -6.5])).verification
    assert verification
    places = boxes((40, 40, 100, 100), (40, 70, 100, 130), (40, 100, 100, 160))
    found = Detections(places, np.zeros((3, 5, 2), np.float32), np.array([0.99, 0.83, 0.82], np.float32))
    scored = Verifier(verification).scored(np.zeros((200, 200, 3), np.uint8), found)
    assert scored.boxes[:, 1].tolist() == [40, 100, 70]


def test_results_have_the_verifiers_score(tmp_path: Path) -> None:
    folder = fakes.add_verifier(fakes.bundle(tmp_path), weights=[1.0, 0.0, -4.5])
    photo = fakes.photo((2, 3, fakes.HAPPY_MALE))
    (without,) = Annotator(model=folder, threads=1).annotate(photo)
    (result,) = Annotator(model=folder, threads=1, detection_threshold=0.6).annotate(photo)
    assert (without.faces, len(result.faces)) == ((), 1)
    assert result.faces[0].detection == pytest.approx(1 / (1 + np.exp(-0.5)), abs=1e-3)


def test_what_the_detector_scores_too_low_is_not_looked_at(tmp_path: Path) -> None:
    faint = fakes.photo((2, 3, (190, 60, 0)))
    for proposed, faces in ((0.5, 1), (0.9, 0)):
        folder = fakes.add_verifier(fakes.bundle(tmp_path / str(proposed)), proposed=proposed)
        assert len(face_finder(load_bundle(folder)).find(faint, threshold=0.1, sizes_px=(640, 640))) == faces


def test_both_scores_count_by_their_weights_and_the_best_comes_first(tmp_path: Path) -> None:
    folder = fakes.add_verifier(fakes.bundle(tmp_path), weights=[0.5, 2.0, -1.5])
    verification = load_bundle(folder).verification
    assert verification
    places = boxes((0, 0, 32, 32), (64, 0, 96, 32))
    found = Detections(places, np.zeros((2, 5, 2), np.float32), np.array([0.8, 0.6], np.float32))
    rgb = fakes.photo((0, 0, (255, 0, 40)), (2, 0, (255, 0, 0)))
    scored = Verifier(verification).scored(rgb, found)
    seen = np.array([0.5 * (5 - 0.2 * 40) + 2 * np.log(4) - 1.5, 0.5 * 5 + 2 * np.log(1.5) - 1.5])
    assert scored.boxes[:, 0].tolist() == [64, 0]
    assert scored.scores.tolist() == pytest.approx((1 / (1 + np.exp(-seen[::-1]))).tolist(), abs=1e-3)


def test_more_finds_than_one_batch_keep_their_order(tmp_path: Path) -> None:
    verification = load_bundle(fakes.add_verifier(fakes.bundle(tmp_path))).verification
    assert verification
    blue = np.arange(200, dtype=np.uint8)
    crops = np.zeros((200, fakes.VERIFIER_PX, fakes.VERIFIER_PX, 3), np.uint8)
    crops[..., 2] = blue[:, None, None]
    assert Verifier(verification).logits(crops) == pytest.approx(5 - 0.2 * blue.astype(float), abs=1e-3)
    assert len(Verifier(verification).logits(crops[:0])) == 0


def test_logits_of_extreme_scores_are_finite() -> None:
    assert np.isfinite(logit(np.array([0.0, 1.0], np.float32))).all()
    assert logit(np.array([0.5], np.float32))[0] == 0.0


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (fakes.verifier(values=2), "expected face (n, 1)"),
        (fakes.verifier(side_px=24), "expected crops (n, 16, 16, 3)"),
        (fakes.classifier(fakes.VERIFIER_PX), "expected face (n, 1)"),
        (fakes.detector(), "expected crops (n, 16, 16, 3)"),
    ],
)
def test_a_network_that_is_no_verifier_is_refused(tmp_path: Path, network: onnx.ModelProto, message: str) -> None:
    folder = fakes.add_verifier(fakes.bundle(tmp_path))
    onnx.save(network, folder / "verifier.onnx")
    description = json.loads((folder / "bundle.json").read_text())
    description["verifier"]["sha256"] = file_sha256(folder / "verifier.onnx")
    (folder / "bundle.json").write_text(json.dumps(description))
    with pytest.raises(BundleError) as caught:
        Annotator(model=folder)
    assert "verifier.onnx" in str(caught.value)
    assert message in str(caught.value)


def test_bundles_share_their_finds_only_where_both_networks_are_the_same(tmp_path: Path) -> None:
    plain, checked = fakes.bundle(tmp_path / "plain"), fakes.add_verifier(fakes.bundle(tmp_path / "checked"))
    again = fakes.add_verifier(fakes.bundle(tmp_path / "again"))
    rgb = fakes.photo((2, 3, fakes.HAPPY_MALE), (9, 3, fakes.HAPPY_FEMALE))
    annotators = sharing_annotators([plain, checked, again], threads=1)
    assert [len(next(one.annotate(rgb)).faces) for one in annotators] == [2, 1, 1]
    finders = [one._finder for one in annotators]
    assert finders[1] is finders[2]
    assert finders[0] is not finders[1]


def test_without_a_verifier_the_detector_decides(tmp_path: Path) -> None:
    assert isinstance(face_finder(load_bundle(fakes.bundle(tmp_path))), Detector)
    assert isinstance(face_finder(load_bundle(fakes.add_verifier(tmp_path))), VerifiedDetector)
