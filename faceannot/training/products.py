"""Leaves a trained recipe as a bundle that labels at once, with the figures and pictures that say how it went."""

from __future__ import annotations

import csv
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot._version import __version__
from faceannot.bundle import DESCRIPTION, Bundle
from faceannot.classifier import softmax
from faceannot.datasets.example import Example
from faceannot.errors import FaceannotError
from faceannot.records import EXPRESSIONS, GENDERS
from faceannot.training.bundle_calibration import classifier_logits
from faceannot.training.bundling import DETECTOR, VERIFIER, copy_finder, describe
from faceannot.training.calibration import Calibration, temperature
from faceannot.training.eight_bits import in_eight_bits, representative
from faceannot.training.epochs import Row
from faceannot.training.export import export_onnx
from faceannot.training.fit import CropPool, central_crops, targets
from faceannot.training.heads import interface
from faceannot.training.judging import KINDS, Judgement, judge
from faceannot.training.model_plot import model_plot
from faceannot.training.plots import augmentation_preview, confusion, curves, sample_predictions
from faceannot.training.recipe import HeadName, Recipe
from faceannot.training.steps import Trained

FloatArray = NDArray[np.float64]
# From an ONNX file, crops, and where the validation faces are among them.
Calibrated = Callable[[Path, CropPool, Sequence[int]], Calibration]
HAPPY_SAD = [EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")]
KERAS, ONNX = "model.keras", "model.onnx"
FILES = (
    DESCRIPTION,
    KERAS,
    ONNX,
    DETECTOR,
    VERIFIER,
    "history.csv",
    "figures.json",
    "versions.json",
    "accuracy_plot.png",
    "loss_plot.png",
    "model_plot.png",
    "confusion_matrix.png",
    "sample_predictions.png",
    "augmentation_preview.png",
)
# What the ONNX file may differ from Keras, as a probability.
_TOLERANCE = 1e-3
_CHECKED, _SAMPLES = 256, 25
# Fewer faces say too little about how sure a model should be.
_FEWEST_TO_CALIBRATE = 100
_PACKAGES = (
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "torch",
    "jax",
    "numpy",
    "onnx",
    "onnxruntime",
    "opencv-python-headless",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """The faces that the result was judged on, and how it did.

    `parts`: for each kind of label that the result gives the part of the data that it was judged on, `test` or else
    `validation`; None where nobody gave that label there. `examples`: faces of both parts, at `places` of the pool,
    which the rows of the judgements count. `lost`: pictures, of every part, in which no face was found.
    """

    parts: dict[str, str | None]
    judgements: list[Judgement]
    examples: list[Example]
    places: list[int]
    lost: int

    def figures(self) -> dict[str, Any]:
        found = {one.kind: one.figures() for one in self.judgements}
        return {"lost": self.lost} | {
            kind: {"part": part, **found.get(kind, {"faces": 0})} for kind, part in self.parts.items()
        }


def leave(
    out: Path,
    recipe: Recipe,
    steps: Sequence[Trained],
    pool: CropPool,
    base: Bundle,
    calibrated: Calibrated | None = None,
    *,
    mirrored: bool = False,
    eight_bits: bool = False,
) -> Judged:
    """Write every product of `recipe` into `out`; what finds faces is that of `base`. Gives how the result did.

    `calibrated` takes the place of the usual calibration on the validation faces; `mirrored`: the bundle looks at the
    mirror image too; `eight_bits`: its classifier computes in those. `bundle.json` comes last: where it is, all is.
    Raises `FaceannotError` if the ONNX file, before it has eight bits, says other than Keras.
    """
    result = steps[-1]
    result.model.save(out / KERAS)
    save_onnx(result.model, result.step.head, pool, recipe.pictures.side_px, out / ONNX)
    if eight_bits:
        _shorten(pool, recipe.pictures.side_px, out / ONNX)
    verifier = copy_finder(base, out)
    look = partial(_logits, out / ONNX, pool, side_px=recipe.pictures.side_px, mirrored=mirrored)
    places = [place for place, example in enumerate(pool.examples) if example.split != "train"]
    examples, logits = [pool.examples[place] for place in places], look(places)
    judged = _judged(examples, places, logits, result.step.head, pool.lost)
    (out / "figures.json").write_text(json.dumps(judged.figures(), indent=2) + "\n")
    (out / "versions.json").write_text(json.dumps(versions(), indent=2) + "\n")
    write_history({step.step.name: step.history for step in steps}, out / "history.csv")
    _draw(out, recipe, steps, pool, judged)
    rows = [row for row, example in enumerate(examples) if example.split == "validation"]
    calibration = (
        calibrated(out / ONNX, pool, [places[row] for row in rows])
        if calibrated
        else _calibration(result.step.head, [part[rows] for part in logits], [examples[row] for row in rows])
    )
    _describe(out, recipe, pool, base, calibration, mirrored=mirrored, verifier=verifier)
    return judged


def save_onnx(model: keras.Model, head: HeadName, pool: CropPool, side_px: int, path: Path) -> None:
    """Write `model` with the bundle's interface and check on real crops that the file says the same."""
    network = interface(model, head)
    export_onnx(network, path, channels_first_input=False, half=False)
    crops = central_crops(pool, range(min(_CHECKED, len(pool.examples))), side_px)
    mine, theirs = classifier_logits(path, crops), network.predict(crops.astype(np.float32), verbose=0)
    for one, other in zip(mine, theirs, strict=True):
        worst = float(np.abs(softmax(one, 1.0) - softmax(other.astype(np.float64), 1.0)).max())
        if worst > _TOLERANCE:
            raise FaceannotError(f"{path}: differs from the Keras network by {worst:.4f} in a probability")


def _shorten(pool: CropPool, side_px: int, network: Path) -> None:
    """Let `network` compute in eight bits, measured on validation faces, or on all where there are none."""
    places = [place for place, example in enumerate(pool.examples) if example.split == "validation"]
    in_eight_bits(network, central_crops(pool, representative(places or range(len(pool.examples))), side_px), network)


def write_history(steps: Mapping[str, Sequence[Row]], path: Path) -> None:
    """A row for each step and epoch; a figure that a step does not have is empty."""
    columns = ["step", *dict.fromkeys(name for rows in steps.values() for row in rows for name in row)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {"step": name, **row, "epoch": int(row["epoch"])} for name, rows in steps.items() for row in rows
        )


def versions() -> dict[str, str]:
    """What the training ran with."""
    found = {"faceannot": __version__, "python": platform.python_version(), "backend": keras.backend.backend()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _judged(
    examples: list[Example], places: list[int], logits: Sequence[FloatArray], head: HeadName, lost: int
) -> Judged:
    """Each kind of label on what was kept for judging; without such faces on those that decided when to stop."""
    kept = np.array([example.split == "test" for example in examples], bool)
    parts: dict[str, str | None] = dict.fromkeys(KINDS[head])
    judgements = []
    for one in judge(examples, logits[0], logits[1], head):
        tested = kept[one.rows]
        parts[one.kind] = "test" if tested.any() else "validation"
        judgements.append(one.at(np.flatnonzero(tested)) if tested.any() else one)
    return Judged(parts, judgements, examples, places, lost)


def _logits(onnx: Path, pool: CropPool, places: Sequence[int], side_px: int, *, mirrored: bool) -> list[FloatArray]:
    if not places:
        return [np.zeros((0, len(GENDERS))), np.zeros((0, len(EXPRESSIONS)))]
    parts = [
        classifier_logits(onnx, central_crops(pool, places[start : start + 1024], side_px), mirrored=mirrored)
        for start in range(0, len(places), 1024)
    ]
    return [np.concatenate([part[number] for part in parts]) for number in (0, 1)]


def _calibration(head: HeadName, logits: Sequence[FloatArray], examples: Sequence[Example]) -> Calibration:
    """Temperatures from the validation faces with a label that the head tells apart; 1 where there are too few."""
    wanted, known = targets(examples)
    if head in ("emotion", "label"):
        # Such a head never says another expression, so only happy and sad faces can tell how sure it should be.
        known[1] = known[1] * (wanted[1][:, HAPPY_SAD].sum(axis=1) > 0.99)
    found = []
    for number, learned in enumerate((head != "emotion", head != "gender")):
        rows = known[number] > 0
        enough = learned and int(rows.sum()) >= _FEWEST_TO_CALIBRATE
        found.append(temperature(logits[number][rows], wanted[number][rows].astype(np.float64)) if enough else 1.0)
    return Calibration(found[0], found[1], 0.0, (0.0,) * len(EXPRESSIONS))


def _describe(
    out: Path,
    recipe: Recipe,
    pool: CropPool,
    base: Bundle,
    calibration: Calibration,
    *,
    mirrored: bool,
    verifier: dict[str, Any] | None,
) -> None:
    sources = ", ".join(sorted({example.source for example in pool.examples}))
    description = describe(
        out,
        recipe.pictures.side_px,
        calibration,
        base.detection_threshold,
        name=recipe.name,
        licence=f"Classifier trained on {sources}, whose terms apply to it; detector: {base.licence}",
        classifier=ONNX,
        sizes=base.detector_sizes,
        mirrored=mirrored,
        verifier=verifier,
    )
    partial = out / f"{DESCRIPTION}.partial"
    partial.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    partial.replace(out / DESCRIPTION)


def _draw(out: Path, recipe: Recipe, steps: Sequence[Trained], pool: CropPool, judged: Judged) -> None:
    curves(steps, "accuracy", out / "accuracy_plot.png")
    curves(steps, "loss", out / "loss_plot.png")
    model_plot(steps[-1].model, out / "model_plot.png")
    parts = " and ".join(sorted({part for part in judged.parts.values() if part}))
    confusion(judged.judgements, out / "confusion_matrix.png", f"{parts} faces")
    judgement = judged.judgements[0] if judged.judgements else None
    chosen = _sample(judgement, recipe.steps[-1].schedule.seed)
    places = [judged.places[row] for row in chosen.rows] if chosen else []
    crops = central_crops(pool, places, recipe.pictures.side_px) if places else np.zeros((0, 8, 8, 3), np.uint8)
    sample_predictions(chosen, crops, out / "sample_predictions.png")
    preview(recipe, pool, out / "augmentation_preview.png")


def preview(recipe: Recipe, pool: CropPool, path: Path) -> None:
    """The changes that the recipe makes, on some training crops."""
    train = [place for place, example in enumerate(pool.examples) if example.split == "train"] or [0]
    chosen = np.random.default_rng(recipe.steps[-1].schedule.seed).choice(train, min(8, len(train)), replace=False)
    augmentation_preview(recipe, [pool.crop(int(place)) for place in chosen], path)


def _sample(judgement: Judgement | None, seed: int) -> Judgement | None:
    """25 faces of a judgement, drawn by `seed`."""
    if judgement is None:
        return None
    count = len(judgement.truth)
    some = np.sort(np.random.default_rng(seed).choice(count, min(_SAMPLES, count), replace=False))
    return judgement.at(some)
