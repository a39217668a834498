"""Finds, verifies and loads a bundle: the folder with `bundle.json` and the model files."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faceannot.alignment import Template
from faceannot.errors import BundleError
from faceannot.plain_files import check_plain, read_plain, shortened
from faceannot.records import EXPRESSIONS, GENDERS

FORMAT = 1
DESCRIPTION = "bundle.json"
# A description is some kilobytes; what is larger is another file.
_LARGEST_DESCRIPTION = 1_000_000
_LARGEST_SIDE_PX = 8192
_LARGEST_BIAS = 100.0


@dataclass(frozen=True, slots=True)
class Verification:
    """The network that looks again at what the detector found.

    `side_px`: of its square crops, which show `context` times the longer side of a box. `proposed`: the detector's
    score from which on it looks (0..1). `weights`: of its logit, of the logit of the detector's score, and an offset.
    """

    path: Path
    sha256: str
    side_px: int
    context: float
    proposed: float
    weights: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that is needed to label, checked.

    `sha256`: of `bundle.json`, which holds the hashes of the models; with another detector, of both.
    `detector_sizes`: longer side in pixels of the picture at the detector's usual look and at its closest.
    `crop_px`: side of the square crops. `temperatures`: what the logits of gender and expression are divided by.
    `gender_bias`, `expression_biases`: added to the logit of `female` and to those of the expressions before that.
    `mirrored`: where one look at a crop leaves it open, that at its mirror image counts, too. Thresholds: 0..1.
    `verification`: None where the detector's own scores decide.
    `heldout`: file and SHA-256 of the recorded scores of held-out faces, if it has any; only evaluation reads and
    checks that file.
    """

    folder: Path
    name: str
    sha256: str
    licence: str
    detector: Path
    detector_sha256: str
    detector_sizes: tuple[int, int]
    detection_threshold: float
    classifier: Path
    classifier_sha256: str
    crop_px: int
    template: Template
    temperatures: tuple[float, float]
    gender_bias: float
    expression_biases: tuple[float, ...]
    mirrored: bool
    unsure_threshold: float
    verification: Verification | None = None
    heldout: tuple[Path, str] | None = None


def load_bundle(folder: Path | None = None, detector: Path | None = None) -> Bundle:
    """The bundle in `folder`, or the one that comes with faceannot.

    `detector` takes the place of its detector and of its verifier, which knows that detector's scores alone.

    Raises `BundleError` if a file is missing, a hash differs or a field does not fit. `detector` may be any ONNX file
    with YuNet's interface, so it has no hash to keep.
    """
    folder = bundled_folder() if folder is None else folder
    path = folder / DESCRIPTION
    content = _read(path)
    bundle = _parse(_Section(path, "", _decode(path, content)), folder, hashlib.sha256(content).hexdigest())
    _verify(bundle.classifier, bundle.classifier_sha256, path)
    if detector is None:
        _verify(bundle.detector, bundle.detector_sha256, path)
        if bundle.verification is not None:
            _verify(bundle.verification.path, bundle.verification.sha256, path)
        return bundle
    return _with_detector(bundle, detector)


def bundled_folder() -> Path:
    """Where the bundle that comes with faceannot lies: in the package as installed, beside it in a checkout."""
    package = Path(__file__).parent
    installed, checkout = package / "models", package.parent / "models"
    return checkout if not installed.is_dir() and (checkout / DESCRIPTION).is_file() else installed


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal. Raises `BundleError` if it cannot be read."""
    try:
        check_plain(path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"{path}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _read(path: Path) -> bytes:
    try:
        return read_plain(path, _LARGEST_DESCRIPTION)
    except FileNotFoundError as error:
        raise BundleError(f"{path}: no such file; a bundle is a folder with {DESCRIPTION} and its models") from error
    except OSError as error:
        raise BundleError(f"{path}: {_reason(error)}") from error


def _decode(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: not valid JSON: {error}") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of a key that is there twice, who reads the file would see one value and Python the other."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"`{shortened(key)}` is there twice")
        found[key] = value
    return found


def _verify(model: Path, expected: str, path: Path) -> None:
    found = file_sha256(model)
    if found != expected:
        raise BundleError(
            f"{model}: SHA-256 is {found}, but {path} says {expected}; the file is damaged or of another bundle"
        )


def _with_detector(bundle: Bundle, detector: Path) -> Bundle:
    sha256 = file_sha256(detector)
    both = hashlib.sha256(f"{bundle.sha256} {sha256}".encode()).hexdigest()
    return replace(bundle, detector=detector, detector_sha256=sha256, sha256=both, verification=None)


def _parse(top: _Section, folder: Path, sha256: str) -> Bundle:
    top.exactly("format", FORMAT)
    detector, classifier = top.section("detector"), top.section("classifier")
    template, temperature = classifier.section("template"), classifier.section("temperature")
    classifier.exactly("layout", "NHWC")
    classifier.exactly("colour", "RGB")
    classifier.exactly("range", [0, 255])
    classifier.exactly("genders", list(GENDERS))
    classifier.exactly("expressions", list(EXPRESSIONS))
    return Bundle(
        folder=folder,
        name=top.text("name"),
        sha256=sha256,
        licence=top.text("licence"),
        detector=folder / detector.file_name("file"),
        detector_sha256=detector.text("sha256"),
        detector_sizes=detector.sides("sizes"),
        detection_threshold=detector.number("threshold", 0.0, 1.0),
        classifier=folder / classifier.file_name("file"),
        classifier_sha256=classifier.text("sha256"),
        crop_px=classifier.integer("crop_px", 8, 1024),
        template=Template(template.number("eye_distance", 0.05, 0.9), template.number("eye_height", 0.0, 1.0)),
        temperatures=(temperature.number("gender", 0.01, 100.0), temperature.number("expression", 0.01, 100.0)),
        gender_bias=classifier.number("gender_bias", -_LARGEST_BIAS, _LARGEST_BIAS),
        expression_biases=classifier.numbers("expression_biases", len(EXPRESSIONS), -_LARGEST_BIAS, _LARGEST_BIAS),
        mirrored=classifier.flag("mirrored"),
        unsure_threshold=top.number("unsure_threshold", 0.0, 1.0),
        verification=_verification(top, folder),
        heldout=_heldout(top, folder),
    )


def _verification(top: _Section, folder: Path) -> Verification | None:
    if "verifier" not in top.value:
        return None
    section = top.section("verifier")
    by_look, by_detector, offset = section.numbers("weights", 3, -_LARGEST_BIAS, _LARGEST_BIAS)
    return Verification(
        path=folder / section.file_name("file"),
        sha256=section.text("sha256"),
        side_px=section.integer("side_px", 8, 256),
        context=section.number("context", 0.1, 10.0),
        proposed=section.number("proposed", 0.0, 1.0),
        weights=(by_look, by_detector, offset),
    )


def _heldout(top: _Section, folder: Path) -> tuple[Path, str] | None:
    if "heldout" not in top.value:
        return None
    section = top.section("heldout")
    return folder / section.file_name("file"), section.text("sha256")


@dataclass(frozen=True, slots=True)
class _Section:
    """One object of the description; what it gives is checked, and a complaint names file and key."""

    path: Path
    prefix: str
    value: Any

    def __post_init__(self) -> None:
        if not isinstance(self.value, dict):
            what = f"`{self.prefix.rstrip('.')}`" if self.prefix else "the whole"
            raise BundleError(f"{self.path}: {what} has to be an object in braces")

    def section(self, key: str) -> _Section:
        return _Section(self.path, f"{self.prefix}{key}.", self._get(key))

    def text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str) or not value.strip() or any(map(_is_control, value)):
            raise self._complaint(key, "a text on one line that is not empty")
        return value

    def file_name(self, key: str) -> str:
        """The name of a file in the bundle's own folder, so that a bundle cannot reach outside."""
        name = self.text(key)
        if Path(name).name != name or name == ".." or "\\" in name:
            raise self._complaint(key, "the name of a file in the bundle's folder")
        return name

    def number(self, key: str, low: float, high: float) -> float:
        value = self._get(key)
        if not _is_number(value, low, high):
            raise self._complaint(key, f"a number from {low:g} to {high:g}")
        return float(value)

    def numbers(self, key: str, count: int, low: float, high: float) -> tuple[float, ...]:
        value = self._get(key)
        if not isinstance(value, list) or len(value) != count or not all(_is_number(v, low, high) for v in value):
            raise self._complaint(key, f"{count} numbers from {low:g} to {high:g}")
        return tuple(map(float, value))

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._complaint(key, "true or false")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        value = self._get(key)
        if not _is_integer(value, low, high):
            raise self._complaint(key, f"a whole number from {low} to {high}")
        return int(value)

    def sides(self, key: str) -> tuple[int, int]:
        value = self._get(key)
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(_is_integer(v, 32, _LARGEST_SIDE_PX) for v in value)
        ):
            raise self._complaint(key, f"two whole numbers from 32 to {_LARGEST_SIDE_PX}")
        return value[0], value[1]

    def exactly(self, key: str, expected: Any) -> None:
        value = self._get(key)
        if value != expected or isinstance(value, bool):
            raise self._complaint(key, json.dumps(expected))

    def _get(self, key: str) -> Any:
        if key not in self.value:
            raise BundleError(f"{self.path}: `{self.prefix}{key}` is missing")
        return self.value[key]

    def _complaint(self, key: str, expected: str) -> BundleError:
        found = shortened(json.dumps(self.value[key]), 60)
        return BundleError(f"{self.path}: `{self.prefix}{key}` has to be {expected}, but is {found}")


def _is_control(letter: str) -> bool:
    """Whether it would move the cursor of a terminal, or cannot be written at all (half of a surrogate pair)."""
    return unicodedata.category(letter) in ("Cc", "Cs")


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _is_integer(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
