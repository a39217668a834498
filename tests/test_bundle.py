"""A bundle is loaded whole or refused with the file and the key that do not fit."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from faceannot import bundle as bundles
from faceannot.bundle import load_bundle
from faceannot.errors import BundleError
from tests import fakes


def test_a_bundle_is_what_its_description_says(tmp_path: Path) -> None:
    bundle = load_bundle(fakes.bundle(tmp_path, detector__sizes=[640, 1280], classifier__gender_bias=-0.25))
    assert (bundle.name, bundle.crop_px, bundle.detector_sizes) == ("fake", fakes.CROP_PX, (640, 1280))
    assert (bundle.gender_bias, bundle.detection_threshold, bundle.unsure_threshold) == (-0.25, 0.7, 0.6)
    assert bundle.detector == tmp_path / "detector.onnx"
    assert bundle.template.eye_distance == 0.4


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("format", True),
        ("name", ""),
        ("name", "two\nlines"),
        ("name", "red \x1b[31m"),
        ("name", "\ud800"),
        ("licence", None),
        ("unsure_threshold", 1.5),
        ("unsure_threshold", "0.5"),
        ("detector__file", "../detector.onnx"),
        ("detector__file", "/etc/passwd"),
        ("detector__file", ".."),
        ("detector__file", "\0"),
        ("detector__file", "\ud800"),
        ("unsure_threshold", 10**400),
        ("detector__threshold", True),
        ("detector__threshold", float("nan")),
        ("detector__sizes", [640]),
        ("detector__sizes", [640, 1e9]),
        ("detector__sizes", 640),
        ("classifier__crop_px", 112.5),
        ("classifier__crop_px", 0),
        ("classifier__layout", "NCHW"),
        ("classifier__colour", "BGR"),
        ("classifier__range", [0, 1]),
        ("classifier__genders", ["female", "male"]),
        ("classifier__expressions", ["happy", "sad"]),
        ("classifier__temperature__gender", 0),
        ("classifier__template__eye_distance", -1),
        ("classifier__template__eye_height", 2),
        ("classifier__expression_biases", [0.0] * 6),
        ("classifier__expression_biases", [0.0] * 6 + [True]),
        ("classifier__expression_biases", [0.0] * 6 + [1e9]),
        ("classifier__mirrored", 1),
    ],
)
def test_a_field_that_does_not_fit_is_named(tmp_path: Path, key: str, value: Any) -> None:
    folder = fakes.bundle(tmp_path, **{key: value})
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    assert str(tmp_path / "bundle.json") in str(caught.value)
    assert f"`{key.replace('__', '.')}`" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "../verifier.onnx"),
        ("side_px", 0),
        ("side_px", 48.0),
        ("context", 0),
        ("context", float("nan")),
        ("proposed", 1.5),
        ("weights", [1.0, 1.0]),
        ("weights", [1.0, 1.0, True]),
    ],
)
def test_a_field_of_the_verifier_that_does_not_fit_is_named(tmp_path: Path, key: str, value: Any) -> None:
    folder = fakes.add_verifier(fakes.bundle(tmp_path), **{key: value})
    with pytest.raises(BundleError, match=rf"bundle\.json: `verifier\.{key}` has to be"):
        load_bundle(folder)


def test_a_verifier_is_what_its_description_says(tmp_path: Path) -> None:
    verification = load_bundle(fakes.add_verifier(fakes.bundle(tmp_path), weights=[1.5, 2, -0.5])).verification
    assert verification
    assert (verification.path, verification.side_px) == (tmp_path / "verifier.onnx", fakes.VERIFIER_PX)
    assert (verification.context, verification.proposed, verification.weights) == (1.0, 0.5, (1.5, 2.0, -0.5))
    assert load_bundle(fakes.bundle(tmp_path / "without")).verification is None


def keys_of(description: dict[str, Any], prefix: str = "") -> list[str]:
    keys = []
    for key, value in description.items():
        keys.append(prefix + key)
        keys += keys_of(value, f"{prefix}{key}.") if isinstance(value, dict) else []
    return keys


def test_each_field_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = fakes.add_verifier(fakes.bundle(tmp_path))
    whole = (folder / "bundle.json").read_text()
    for key in keys_of(json.loads(whole)):
        if key == "verifier":
            continue
        description = json.loads(whole)
        *sections, last = key.split(".")
        place = description
        for section in sections:
            place = place[section]
        del place[last]
        (folder / "bundle.json").write_text(json.dumps(description))
        with pytest.raises(BundleError, match=f"`{key}` is missing"):
            load_bundle(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\xff", "[" * 100_000, " " * 2_000_000])
def test_a_description_that_is_no_object_is_refused(tmp_path: Path, content: str) -> None:
    fakes.bundle(tmp_path)
    (tmp_path / "bundle.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(BundleError, match=r"bundle\.json"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("model", ["detector.onnx", "verifier.onnx", "classifier.onnx"])
def test_a_model_that_is_not_the_one_described_is_refused_with_both_hashes(tmp_path: Path, model: str) -> None:
    fakes.add_verifier(fakes.bundle(tmp_path))
    expected = bundles.file_sha256(tmp_path / model)
    with (tmp_path / model).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BundleError) as caught:
        load_bundle(tmp_path)
    assert model in str(caught.value)
    assert expected in str(caught.value)
    assert bundles.file_sha256(tmp_path / model) in str(caught.value)


@pytest.mark.parametrize("missing", ["bundle.json", "detector.onnx", "verifier.onnx", "classifier.onnx"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    fakes.add_verifier(fakes.bundle(tmp_path))
    (tmp_path / missing).unlink()
    with pytest.raises(BundleError, match=f"{missing}: no such file"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("name", ["bundle.json", "detector.onnx", "verifier.onnx", "classifier.onnx"])
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    for number, make in enumerate((os.mkfifo, lambda path: path.symlink_to("/dev/zero"))):
        folder = fakes.add_verifier(fakes.bundle(tmp_path / str(number)))
        (folder / name).unlink()
        make(folder / name)
        with pytest.raises(BundleError, match=f"{name}: not a plain file"):
            load_bundle(folder)


def test_a_key_that_is_there_twice_is_named(tmp_path: Path) -> None:
    path = fakes.bundle(tmp_path) / "bundle.json"
    path.write_text(path.read_text().replace('"crop_px"', '"threshold": 0.1, "threshold": 0.9, "crop_px"'))
    with pytest.raises(BundleError, match=r"bundle\.json: not valid JSON: `threshold` is there twice"):
        load_bundle(tmp_path)


def test_a_whole_number_of_5000_digits_is_refused_in_words(tmp_path: Path) -> None:
    path = fakes.bundle(tmp_path) / "bundle.json"
    path.write_text(path.read_text().replace('"format": 1', f'"format": {"9" * 5000}'))
    with pytest.raises(BundleError, match=r"bundle\.json: not valid JSON"):
        load_bundle(tmp_path)


def test_the_shipped_weights_are_those_that_their_description_names() -> None:
    bundle = load_bundle(Path(__file__).parent.parent / "models")
    assert bundles.file_sha256(bundle.detector) == bundle.detector_sha256
    assert bundles.file_sha256(bundle.classifier) == bundle.classifier_sha256
    assert bundle.verification is None or bundles.file_sha256(bundle.verification.path) == bundle.verification.sha256


def test_another_detector_takes_the_place_of_the_bundles_and_changes_its_identity(tmp_path: Path) -> None:
    folder = fakes.add_verifier(fakes.bundle(tmp_path / "bundle"))
    other = tmp_path / "other.onnx"
    shutil.copy(folder / "detector.onnx", other)
    (folder / "detector.onnx").unlink()
    bundle = load_bundle(folder, other)
    assert (bundle.detector, bundle.verification) == (other, None)
    assert bundle.sha256 != bundles.file_sha256(folder / "bundle.json")


def test_the_bundled_models_are_found_installed_and_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "faceannot"
    package.mkdir()
    monkeypatch.setattr(bundles, "__file__", str(package / "bundle.py"))
    fakes.bundle(tmp_path / "models")
    assert load_bundle().folder == tmp_path / "models"
    fakes.bundle(package / "models")
    assert load_bundle().folder == package / "models"
