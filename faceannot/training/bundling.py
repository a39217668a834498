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
from faceannot.datasets.prepare import load
from faceannot.errors import FaceannotError
from faceannot.records import EXPRESSIONS, GENDERS
from faceannot.training.augmentation import Strength
from faceannot.training.bundle_calibration import MIRRORED, calibrate_classifier, classifier_logits
from faceannot.training.calibration import Calibration
from faceannot.training.classifier import RECIPE
from faceannot.training.detector.verify import DESCRIPTION as VERIFIER_DESCRIPTION
from faceannot.training.detector.verify import FILE as VERIFIER_FILE
from faceannot.training.eight_bits import in_eight_bits, representative
from faceannot.training.export import export_onnx
from faceannot.training.fit import CropPool, central_crops
from faceannot.training.recipe_files import read_recipe
from faceannot.training.stages import parse_classifier

FloatArray = NDArray[np.float64]
# A label below this is `unsure`. On RAF-DB and FER+ that and the expression flag half of the errors (docs/training.md).
UNSURE_BELOW = 0.5
DETECTOR, VERIFIER, CLASSIFIER = "detector.onnx", "verifier.onnx", "classifier.onnx"
DETECTION_SIZES_PX = [640, 3840]
LICENCE = (
    "Weights trained on data sets that are for research, non-commercial use; see MODEL_CARD.md and LICENSE-MODELS.md"
)


def bundle(
    detector: Path, classifier: Path, prepared: Path, out: Path, *, threshold: float, strength: Strength
) -> None:
    """Export both Keras files to ONNX, check them, calibrate the classifier on validation faces and describe all.

    `strength`: see `calibrate_classifier`.
    """
    out.mkdir(parents=True, exist_ok=True)
    network = keras.saving.load_model(classifier, compile=False, safe_mode=True)
    side_px = network.input_shape[1]
    pool = CropPool([load(path.parent) for path in sorted(prepared.glob("*/examples.csv"))])
    places = [place for place, example in enumerate(pool.examples) if example.split == "validation"]
    _write_classifier(network, central_crops(pool, places, side_px), out / CLASSIFIER)
    finder = keras.saving.load_model(detector, compile=False, safe_mode=True)
    export_onnx(finder, out / DETECTOR, channels_first_input=True, half=True, bytewise=True)
    verifier = bundle_verifier(detector.parent, out)
    calibration = calibrate_classifier(out / CLASSIFIER, pool, places, side_px, strength)
    description = describe(out, side_px, calibration, threshold, mirrored=MIRRORED, verifier=verifier)
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


def bundle_verifier(trained: Path, out: Path) -> dict[str, Any] | None:
    """Copy the verifier that `trained` holds, if it does, to `out`; gives its part of `bundle.json`."""
    if not (trained / VERIFIER_DESCRIPTION).is_file():
        return None
    # Both may be the same folder.
    (out / VERIFIER).write_bytes((trained / VERIFIER_FILE).read_bytes())
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("detector", type=Path, help="detector.keras")
    parser.add_argument("classifier", type=Path, help="model.keras")
    parser.add_argument("prepared", type=Path, help="folder of prepared sources; their validation part calibrates")
    parser.add_argument("out", type=Path, help="folder of the bundle")
    parser.add_argument("--threshold", type=float, default=0.5, help="detection threshold")
    parser.add_argument("--recipe", type=Path, default=RECIPE, help="the classifier's recipe")
    arguments = parser.parse_args()
    recipe = parse_classifier(read_recipe(arguments.recipe).table, str(arguments.recipe))
    bundle(
        arguments.detector,
        arguments.classifier,
        arguments.prepared,
        arguments.out,
        threshold=arguments.threshold,
        strength=recipe.stages[-1].augmentation,
    )


if __name__ == "__main__":
    main()
