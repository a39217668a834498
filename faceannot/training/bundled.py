"""Trains the bundled models' recipes from end to end, with the modules that made them, into a bundle."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from faceannot.bundle import DESCRIPTION, Bundle, file_sha256, load_bundle
from faceannot.datasets.sources import KINDS
from faceannot.errors import DatasetError, UsageError
from faceannot.training.bundle_calibration import MIRRORED, calibrate_classifier
from faceannot.training.bundling import DETECTOR, bundle_verifier, describe
from faceannot.training.calibration import Calibration
from faceannot.training.classifier import train_on
from faceannot.training.detector.labelled_photos import LABELS, labelled_folders, load_labelled
from faceannot.training.detector.train import train as train_detector
from faceannot.training.fit import CropPool
from faceannot.training.material import Fingerprint, Watch, description, gather
from faceannot.training.products import FILES, ONNX, Judged, leave, versions, write_history
from faceannot.training.recipe import Network, Pictures, Recipe, Step, TrainingSchedule
from faceannot.training.stages import ClassifierRecipe, DetectorRecipe, parse_stages
from faceannot.training.steps import Trained
from faceannot.training.workplace import STEPS, begin, is_finished, timed

if TYPE_CHECKING:
    from faceannot.training.run import Order

# Photos with labelled faces, as `python -m faceannot.training.sources` leaves them.
LABELLED = "labelled:"
KERAS_DETECTOR = "detector.keras"
# Sources that are part of what a kind reads.
_PARTS = {"affectnet": "affectnet-yolo:PATH"}


def train_bundled(order: Order, watch: Watch) -> Judged | None:
    """Train the classifier's recipe or the detector's; figures are the classifier's alone, and of a new bundle."""
    if order.folds:
        raise UsageError(f"{order.recipe.origin}: --folds is for recipes with [[steps]]")
    base = load_bundle(order.model)
    recipe = parse_stages(order.recipe.table, order.recipe.origin)
    if isinstance(recipe, ClassifierRecipe):
        return _classifier(order, recipe, base, watch)
    _detector(order, recipe, base)
    return None


def _classifier(order: Order, wanted: ClassifierRecipe, base: Bundle, watch: Watch) -> Judged | None:
    material = gather(order.data, order.crops, base.detector, watch, wanted.draws.youngest_for_gender)
    pool = CropPool(material.sources)
    missing = wanted.sources - {example.source for example in pool.examples if example.split == "train"}
    if missing:
        raise DatasetError(f"{order.recipe.origin}: also learns from {', '.join(map(_where_from, sorted(missing)))}")
    begin(order.out, order.recipe, material.described(), overwrite=order.overwrite, products=list(FILES))
    if is_finished(order.out):
        return None
    with timed(order.out):
        model = train_on(pool, order.out / STEPS, wanted)
    recipe = _as_recipe(wanted)
    stages = [
        Trained(step, model, _history(order.out / STEPS / step.name), len(pool.examples), ()) for step in recipe.steps
    ]
    calibrated = partial(calibrate_classifier, side_px=wanted.network.side_px, strength=wanted.stages[-1].augmentation)
    return leave(order.out, recipe, stages, pool, base, calibrated, mirrored=MIRRORED, eight_bits=True)


def _where_from(source: str) -> str:
    """A source, and how `--data` names what it comes from."""
    if source in _PARTS:
        return f"{source} ({_PARTS[source]})"
    return f"{source} ({source}:PATH)" if source in KINDS else source


def _as_recipe(wanted: ClassifierRecipe) -> Recipe:
    """The bundled classifier's recipe in the form that the products are made from."""
    seed = TrainingSchedule(seed=wanted.stages[0].schedule.seed)
    steps = tuple(Step(f"stage{n}", "multitask", schedule=seed) for n in range(1, len(wanted.stages) + 1))
    strength = asdict(wanted.stages[-1].augmentation)
    pictures = Pictures(side_px=wanted.network.side_px)
    return Recipe(wanted.name, wanted.approach, pictures, Network("residual"), strength, seed, steps)


def _history(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open(newline="") as file:
        # Keras writes NA for validation, which these recipes do without.
        rows = [{name: float(value) for name, value in row.items() if value != "NA"} for row in csv.DictReader(file)]
    # Keras counts epochs from 0.
    return [row | {"epoch": row["epoch"] + 1} for row in rows]


def _detector(order: Order, recipe: DetectorRecipe, base: Bundle) -> None:
    if len(order.data) != 1 or not order.data[0].startswith(LABELLED):
        raise UsageError(f"{order.recipe.origin}: needs --data {LABELLED}FOLDER, made by faceannot.training.sources")
    labelled = Path(order.data[0].removeprefix(LABELLED))
    if not labelled_folders(labelled):
        raise DatasetError(f"{labelled}: no folder with {LABELS} in it")
    data = description(list(_labelled(labelled)), file_sha256(base.detector))
    begin(order.out, order.recipe, data, overwrite=order.overwrite, products=[*FILES, KERAS_DETECTOR])
    if is_finished(order.out):
        return
    with timed(order.out):
        train_detector(labelled, order.out / STEPS, base.detector, recipe)
    for name in (KERAS_DETECTOR, DETECTOR):
        shutil.copyfile(order.out / STEPS / name, order.out / name)
    verifier = bundle_verifier(order.out / STEPS, order.out)
    shutil.copyfile(base.classifier, order.out / ONNX)
    calibration = Calibration(*base.temperatures, base.gender_bias, base.expression_biases)
    stages = [f"stage{number}" for number in range(1, len(recipe.stages) + 1)]
    write_history({name: _history(order.out / STEPS / name) for name in stages}, order.out / "history.csv")
    (order.out / "versions.json").write_text(json.dumps(versions(), indent=2) + "\n")
    described = describe(
        order.out,
        base.crop_px,
        calibration,
        base.detection_threshold,
        name=recipe.name,
        licence=base.licence,
        classifier=ONNX,
        mirrored=base.mirrored,
        verifier=verifier,
    )
    (order.out / DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def _labelled(folder: Path) -> Iterator[Fingerprint]:
    for kept in labelled_folders(folder):
        count = len(load_labelled(kept))
        yield Fingerprint(f"{LABELLED}{kept}", count, {"train": count}, file_sha256(kept / LABELS))
