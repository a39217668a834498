"""The classifier turns logits into scores as the bundle says, and refuses a network with another interface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.bundle import load_bundle
from faceannot.classifier import TURNED_DEGREES, Classifier, logits, softmax, turned
from faceannot.errors import BundleError
from faceannot.records import EXPRESSIONS
from tests import fakes


def crops(*colours: tuple[int, int, int]) -> fakes.RgbArray:
    side = fakes.CROP_PX
    return np.stack([np.full((side, side, 3), colour, np.uint8) for colour in colours])


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=9), st.floats(0.1, 10))
def test_softmax_sums_to_one_and_keeps_the_order(values: list[float], temperature: float) -> None:
    shares = softmax(np.array(values), temperature)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[np.argmax(values)] == shares.max()


def test_softmax_stands_logits_of_any_size() -> None:
    assert softmax(np.array([1e4, -1e4]), 1.0).tolist() == [1.0, 0.0]


def test_scores_are_those_of_each_crop_in_order(tmp_path: Path) -> None:
    classifier = Classifier(load_bundle(fakes.bundle(tmp_path)))
    scores = classifier.classify(crops(fakes.HAPPY_MALE, fakes.SAD_FEMALE, fakes.HAPPY_FEMALE, fakes.SAD_MALE))
    assert [score.label for score in scores] == ["HappyMale", "SadFemale", "HappyFemale", "SadMale"]
    assert sum(scores[0].genders.values()) == pytest.approx(1.0)
    assert tuple(scores[0].expressions) == EXPRESSIONS


def test_no_crops_give_no_scores(tmp_path: Path) -> None:
    classifier = Classifier(load_bundle(fakes.bundle(tmp_path)))
    assert classifier.classify(np.zeros((0, fakes.CROP_PX, fakes.CROP_PX, 3), np.uint8)) == []


def test_a_score_does_not_depend_on_the_rest_of_the_batch(tmp_path: Path) -> None:
    classifier = Classifier(load_bundle(fakes.bundle(tmp_path)))
    random = np.random.default_rng(1).integers(0, 256, (17, fakes.CROP_PX, fakes.CROP_PX, 3), dtype=np.uint8)
    alone = [classifier.classify(random[place : place + 1])[0] for place in range(len(random))]
    assert classifier.classify(random) == alone


def test_a_temperature_evens_the_scores_out(tmp_path: Path) -> None:
    plain = Classifier(load_bundle(fakes.bundle(tmp_path / "a")))
    warm = Classifier(load_bundle(fakes.bundle(tmp_path / "b", classifier__temperature__gender=3.0)))
    face = crops(fakes.HAPPY_MALE)
    assert 0.5 < warm.classify(face)[0].gender_score < plain.classify(face)[0].gender_score
    assert warm.classify(face)[0].expressions == plain.classify(face)[0].expressions


def test_the_gender_bias_counts_for_female(tmp_path: Path) -> None:
    biased = Classifier(load_bundle(fakes.bundle(tmp_path, classifier__gender_bias=20.0)))
    assert biased.classify(crops(fakes.HAPPY_MALE))[0].gender == "female"


def test_each_expression_gets_its_own_bias(tmp_path: Path) -> None:
    biases = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 50.0]
    biased = Classifier(load_bundle(fakes.bundle(tmp_path, classifier__expression_biases=biases)))
    assert biased.classify(crops(fakes.HAPPY_MALE))[0].expression == EXPRESSIONS[6]


class OneSided:
    """A network that sees the left half only: its brightness is the first logit of both heads."""

    def run(self, outputs: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert outputs == ["gender", "expression"]
        brightness = inputs["crops"][:, :, :4].mean(axis=(1, 2, 3))[:, None]
        happy = np.array([0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        return [np.pad(brightness, ((0, 0), (0, 1))), np.pad(brightness, ((0, 0), (0, 6))) + happy]


def test_a_mirrored_look_says_the_same_of_a_face_and_its_mirror_image() -> None:
    face = np.zeros((1, 8, 8, 3), np.uint8)
    face[:, :, :4] = 100
    alone = [logits(OneSided(), picture, mirrored=False)[0][0, 0] for picture in (face, face[:, :, ::-1])]
    both = [logits(OneSided(), picture, mirrored=True) for picture in (face, face[:, :, ::-1])]
    assert alone == [100.0, 0.0]
    assert [(gender[0, 0], expression[0, 0]) for gender, expression in both] == [(50.0, 50.0), (50.0, 50.0)]


def test_a_mirrored_bundles_scores_are_those_of_both_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    face = np.zeros((1, 8, 8, 3), np.uint8)
    face[:, :, :4] = 8
    for mirrored, expected in ((True, 4.0), (False, 8.0)):
        classifier = Classifier(load_bundle(fakes.bundle(tmp_path / str(mirrored), classifier__mirrored=mirrored)))
        monkeypatch.setattr(classifier, "_session", OneSided())
        (scores,) = classifier.classify(face)
        assert scores.genders["male"] == pytest.approx(softmax(np.array([expected, 0.0]), 1.0)[0])


@pytest.mark.parametrize(
    ("brightness", "expression", "looks"),
    [
        (3, 9.0, [2, 1]),
        (1, 9.0, [2, 2]),  # either could be of the other gender
        (3, 0.5, [2, 2]),  # of the other emotion
        (3, 3.5, [2, 2]),  # neutral instead of happy
    ],
)
def test_only_what_one_look_leaves_open_is_looked_at_in_the_mirror(
    brightness: int, expression: float, looks: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    class Counting:
        """A network that takes a face for as male and as calm as it is bright; black is open between all."""

        def run(self, outputs: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            mean = inputs["crops"].mean(axis=(1, 2, 3))[:, None]
            seen.append(len(mean))
            happy = np.array([0.0, expression, 0.0, 0.0, 0.0, 0.0, 0.0])
            return [np.pad(mean, ((0, 0), (0, 1))), np.pad(mean, ((0, 0), (0, 6))) + happy * (mean > 0)]

    classifier = Classifier(load_bundle(fakes.bundle(tmp_path, classifier__mirrored=True)))
    monkeypatch.setattr(classifier, "_session", Counting())
    side = fakes.CROP_PX
    pictures = np.zeros((2, side, side, 3), np.uint8)
    pictures[0] = brightness
    classifier.classify(pictures)
    # What comes after are looks at what is near a border.
    assert seen[:2] == looks


class Cornered:
    """A network that takes a face for as male as its lower right corner is bright, and for surely happy."""

    def __init__(self) -> None:
        self.looks: list[int] = []

    def run(self, outputs: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        crops = inputs["crops"]
        self.looks.append(len(crops))
        corner = crops[:, -1, -1, :].mean(axis=1, keepdims=True)
        return [np.pad(corner, ((0, 0), (0, 1))), np.tile([0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0], (len(crops), 1))]


def test_a_face_near_the_border_of_two_labels_is_looked_at_again_enlarged_and_turned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Right of a slanted line the picture has 6 of 255: turned one way, the corner is nearer to that line.
    side = fakes.CROP_PX
    rows, columns = np.mgrid[:side, :side]
    slanted = np.repeat(np.where(rows + columns > 1.97 * (side - 1), 0, 6)[:, :, None], 3, axis=2).astype(np.uint8)
    sure = np.full((side, side, 3), 6, np.uint8)
    classifier, network = Classifier(load_bundle(fakes.bundle(tmp_path))), Cornered()
    monkeypatch.setattr(classifier, "_session", network)
    scores = classifier.classify(np.stack([sure, slanted, sure]))
    assert network.looks == [3, 1, 1]
    again = [float(turned(slanted[None], degrees)[0, -1, -1].mean()) for degrees in TURNED_DEGREES]
    assert max(again) > 0
    male = softmax(np.array([np.mean([0.0, *again]), 0.0]), 1.0)[0]
    assert [score.genders["male"] for score in scores] == pytest.approx(
        [softmax(np.array([6.0, 0.0]), 1.0)[0], male, softmax(np.array([6.0, 0.0]), 1.0)[0]]
    )


def test_turning_one_way_and_the_other_are_mirror_images() -> None:
    crop = np.random.default_rng(3).integers(0, 256, (1, 24, 24, 3), dtype=np.uint8)
    one, other = turned(crop, 4.0), turned(np.ascontiguousarray(crop[:, :, ::-1]), -4.0)
    assert np.abs(one.astype(int) - other[:, :, ::-1].astype(int)).max() <= 2
    assert np.abs(one.astype(int) - crop).mean() > 5


def replaced(folder: Path, model: onnx.ModelProto) -> Path:
    fakes.bundle(folder)
    onnx.save(model, folder / "classifier.onnx")
    return fakes.redescribe(folder)


def test_another_crop_size_than_described_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"takes crops \(n, 48, 48, 3\), expected crops \(n, 24, 24, 3\)"):
        Classifier(load_bundle(replaced(tmp_path, fakes.classifier(side_px=48))))


def test_another_number_of_expressions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"expected gender \(n, 2\), expression \(n, 7\)"):
        Classifier(load_bundle(replaced(tmp_path, fakes.classifier(expressions=8))))


def test_a_detector_is_no_classifier(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="expected crops"):
        Classifier(load_bundle(replaced(tmp_path, fakes.detector())))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    fakes.bundle(tmp_path)
    (tmp_path / "classifier.onnx").write_bytes(b"not a network")
    with pytest.raises(BundleError, match="not a usable ONNX classifier"):
        Classifier(load_bundle(fakes.redescribe(tmp_path)))
