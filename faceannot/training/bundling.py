"""Puts trained models into a bundle: `python -m faceannot.training.bundling DETECTOR CLASSIFIER PREPARED OUT`.

A verifier that lies beside the detector, as training leaves it, comes along.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot.alignment import Template
from faceannot.bundle import DESCRIPTION, FORMAT, Bundle, file_sha256
from faceannot.classifier import logits
from faceannot.datasets import affectnet_masked, affectnet_yolo, everyday
from faceannot.datasets.example import Example
from faceannot.datasets.prepare import load
from faceannot.defaults import usable_cpus
from faceannot.errors import FaceannotError
from faceannot.onnx_files import open_network
from faceannot.records import EXPRESSIONS, GENDERS
from faceannot.training.calibration import Calibration, balanced_bias, expression_biases, temperature
from faceannot.training.detector.verify import DESCRIPTION as VERIFIER_DESCRIPTION
from faceannot.training.detector.verify import KERAS as VERIFIER_KERAS
from faceannot.training.eight_bits import in_eight_bits
from faceannot.training.export import export_onnx
from faceannot.training.fit import CropPool, central_crops, targets

FloatArray = NDArray[np.float64]
# Faces that decide the balance of women and men: grown-ups whose gender people recorded one by one.
BALANCED_ON = ("utkface", "all-age-faces")
GROWN_UP = 16
# Nobody's photos are like the first, with each expression as often as any other and nothing round the face; the genders
# of the second were guessed by a model, or are those of other pictures (docs/data.md); a network was unsure of most of
# the third.
NOT_CALIBRATED_ON = (affectnet_masked.SOURCE, affectnet_yolo.FFHQ, everyday.SOURCE)
# A label below this is `unsure`. On RAF-DB and FER+ that and the expression flag half of the errors (docs/training.md).
UNSURE_BELOW = 0.5
DETECTOR, VERIFIER, CLASSIFIER = "detector.onnx", "verifier.onnx", "classifier.onnx"
DETECTION_SIZES_PX = [640, 3840]
# Looking at the mirror image too is worth half a point or more on every source (benchmarks/model-experiments.md).
MIRRORED = True
# Validation faces that show what eight bits have to hold, and that Keras and the ONNX file are compared on.
MEASURED, SEED = 512, 20261125
LICENCE = (
    "Weights trained on data sets that are for research, non-commercial use; see MODEL_CARD.md and LICENSE-MODELS.md"
)


def bundle(detector: Path, classifier: Path, prepared: Path, out: Path, *, threshold: float) -> None:
    """Export both Keras files to ONNX, check them, calibrate the classifier on validation faces and describe all."""
    out.mkdir(parents=True, exist_ok=True)
    network = keras.saving.load_model(classifier, compile=False, safe_mode=True)
    crops, examples = _validation(prepared, network.input_shape[1])
    _write_classifier(network, crops, out / CLASSIFIER)
    finder = keras.saving.load_model(detector, compile=False, safe_mode=True)
    export_onnx(finder, out / DETECTOR, channels_first_input=True, half=True)
    verifier = bundle_verifier(detector.parent, out)
    calibration = calibrate(classifier_logits(out / CLASSIFIER, crops, mirrored=MIRRORED), examples)
    description = describe(out, network.input_shape[1], calibration, threshold, mirrored=MIRRORED, verifier=verifier)
    (out / DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def _write_classifier(network: keras.Model, crops: NDArray[np.uint8], out: Path) -> None:
    """Write `network` to `out` in eight bits; `crops` are faces, some of which show how large its values get."""
    some = crops[representative(range(len(crops)))]
    exact = out.with_suffix(".exact.onnx")
    try:
        export_onnx(network, exact, channels_first_input=False, half=False)
        check_equal(network, classifier_logits(exact, some), some)
        in_eight_bits(exact, some, out)
    finally:
        exact.unlink(missing_ok=True)


def representative(places: Sequence[int]) -> list[int]:
    """Some of `places`, always the same."""
    return [places[number] for number in np.random.default_rng(SEED).permutation(len(places))[:MEASURED]]


def bundle_verifier(trained: Path, out: Path) -> dict[str, Any] | None:
    """Export the verifier that `trained` holds, if it does, to `out`; gives its part of `bundle.json`."""
    if not (trained / VERIFIER_KERAS).is_file():
        return None
    network = keras.saving.load_model(trained / VERIFIER_KERAS, compile=False, safe_mode=True)
    export_onnx(network, out / VERIFIER, channels_first_input=False, half=True, bytewise=True)
    described = json.loads((trained / VERIFIER_DESCRIPTION).read_text(encoding="utf-8"))
    return {"file": VERIFIER, "sha256": file_sha256(out / VERIFIER), **described}


def copy_finder(base: Bundle, out: Path) -> dict[str, Any] | None:
    """Copy the detector and the verifier of `base`, where it has one, to `out`; gives its part of `bundle.json`."""
    shutil.copyfile(base.detector, out / DETECTOR)
    if base.verification is None:
        return None
    shutil.copyfile(base.verification.path, out / VERIFIER)
    described = asdict(base.verification)
    del described["path"]
    return {"file": VERIFIER, **described, "weights": list(base.verification.weights)}


def check_equal(network: keras.Model, logits: Sequence[FloatArray], crops: NDArray[np.uint8]) -> None:
    """Raise `FaceannotError` unless the ONNX file says on real crops what the Keras network says."""
    for mine, theirs in zip(logits, network.predict(crops.astype(np.float32), verbose=0), strict=True):
        worst = float(np.abs(mine - theirs).max())
        if worst > 0.05:
            raise FaceannotError(f"the ONNX file differs from the Keras network by {worst:.3f} in a logit")


def calibrate(logits: Sequence[FloatArray], examples: Sequence[Example]) -> Calibration:
    """Temperatures and biases from the logits of both heads on validation faces that look like people's photos."""
    if any(example.source not in NOT_CALIBRATED_ON for example in examples):
        kept = [row for row, example in enumerate(examples) if example.source not in NOT_CALIBRATED_ON]
        logits, examples = [part[kept] for part in logits], [examples[row] for row in kept]
    wanted, known = targets(examples)
    grown_up = np.array([e.source in BALANCED_ON and (e.age or 0) >= GROWN_UP for e in examples])
    is_female = np.array([e.gender == "female" for e in examples])
    both = len(set(is_female[grown_up].tolist())) == 2
    bias = balanced_bias(logits[0][grown_up], is_female[grown_up]) if both else 0.0
    gendered, expressive = (weights > 0 for weights in known)
    expressions, shown = logits[1][expressive], wanted[1][expressive].astype(np.float64)
    biases = expression_biases(expressions, shown, [e.source for e in examples if e.expression])
    return Calibration(
        temperature(logits[0][gendered] + (0.0, bias), wanted[0][gendered].astype(np.float64)),
        temperature(expressions + biases, shown),
        bias,
        tuple(biases.tolist()),
    )


def describe(
    out: Path,
    crop_px: int,
    calibration: Calibration,
    threshold: float,
    *,
    name: str = "faceannot-1",
    licence: str = LICENCE,
    classifier: str = CLASSIFIER,
    sizes: Sequence[int] = DETECTION_SIZES_PX,
    mirrored: bool = False,
    verifier: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of `bundle.json` for the models in `out`.

    `threshold` and `sizes` are for finding faces, `verifier` is its part as it will stand there.
    """
    template = Template()
    return {
        "format": FORMAT,
        "name": name,
        "licence": licence,
        "detector": {
            "file": DETECTOR,
            "sha256": file_sha256(out / DETECTOR),
            "threshold": threshold,
            "sizes": list(sizes),
        },
        **({"verifier": verifier} if verifier else {}),
        "classifier": {
            "file": classifier,
            "sha256": file_sha256(out / classifier),
            "crop_px": crop_px,
            "layout": "NHWC",
            "colour": "RGB",
            "range": [0, 255],
            "template": {"eye_distance": template.eye_distance, "eye_height": template.eye_height},
            "genders": list(GENDERS),
            "expressions": list(EXPRESSIONS),
            "temperature": {
                "gender": round(calibration.gender_temperature, 4),
                "expression": round(calibration.expression_temperature, 4),
            },
            "gender_bias": round(calibration.gender_bias, 4),
            "expression_biases": [round(bias, 4) for bias in calibration.expression_biases],
            "mirrored": mirrored,
        },
        "unsure_threshold": UNSURE_BELOW,
    }


def _validation(prepared: Path, side_px: int) -> tuple[NDArray[np.uint8], list[Example]]:
    pool = CropPool([load(path.parent) for path in sorted(prepared.glob("*/examples.csv"))])
    chosen = [index for index, example in enumerate(pool.examples) if example.split == "validation"]
    return central_crops(pool, chosen, side_px), [pool.examples[index] for index in chosen]


def classifier_logits(classifier: Path, crops: NDArray[np.uint8], *, mirrored: bool = False) -> list[FloatArray]:
    """What an ONNX classifier says of `crops`: logits of gender (n, 2) and expression (n, 7)."""
    session = open_network(classifier, "classifier", threads=usable_cpus())
    parts = [logits(session, crops[start : start + 256], mirrored=mirrored) for start in range(0, len(crops), 256)]
    return [np.concatenate([part[head] for part in parts]) for head in (0, 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("detector", type=Path, help="detector.keras")
    parser.add_argument("classifier", type=Path, help="model.keras")
    parser.add_argument("prepared", type=Path, help="folder of prepared sources; their validation part calibrates")
    parser.add_argument("out", type=Path, help="folder of the bundle")
    parser.add_argument("--threshold", type=float, default=0.5, help="detection threshold")
    arguments = parser.parse_args()
    bundle(arguments.detector, arguments.classifier, arguments.prepared, arguments.out, threshold=arguments.threshold)


if __name__ == "__main__":
    main()
