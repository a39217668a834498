"""Trains the bundled models' recipes from end to end, with the modules that made them, into a bundle."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from faceannot.bundle import DESCRIPTION, Bundle, load_bundle
from faceannot.errors import DatasetError, UsageError
from faceannot.training.augmentation import Strength
from faceannot.training.bundling import MIRRORED, calibrate, describe
from faceannot.training.calibration import Calibration
from faceannot.training.classifier import train_on
from faceannot.training.detector.train import train as train_detector
from faceannot.training.export import export_onnx
from faceannot.training.fit import CropPool
from faceannot.training.material import gather
from faceannot.training.products import DETECTOR, FILES, ONNX, Judged, leave
from faceannot.training.recipe import Network, Pictures, Recipe, Step, TrainingSchedule
from faceannot.training.steps import Trained
from faceannot.training.workplace import STEPS, begin, timed

if TYPE_CHECKING:
    from faceannot.training.run import Order

# Photos with labelled faces, as `python -m faceannot.training.sources` leaves them.
LABELLED = "labelled:"


def train_bundled(order: Order) -> Judged | None:
    """Train the classifier's recipe or the detector's; figures are the classifier's alone."""
    if order.folds:
        raise UsageError(f"{order.recipe.origin}: --folds is for recipes with [[steps]]")
    base = load_bundle(order.model)
    if "canvas_px" not in order.recipe.table:
        return _classifier(order, base)
    _detector(order, base)
    return None


def _classifier(order: Order, base: Bundle) -> Judged:
    table = order.recipe.table
    material = gather(order.data, order.crops, base.detector)
    pool = CropPool(material.sources)
    named = {name for stage in table["stages"] for name in stage["shares"]}
    if not named & {example.source for example in pool.examples}:
        raise DatasetError(
            f"{order.recipe.origin}: learns from {', '.join(sorted(named))}, and --data names none of them"
        )
    begin(order.out, order.recipe, material.described(), overwrite=order.overwrite, products=list(FILES))
    with timed(order.out):
        model = train_on(pool, order.out / STEPS, table)
    recipe = _as_recipe(table)
    folders = [order.out / STEPS / step.name for step in recipe.steps]
    stages = [
        Trained(step, model, _history(folder), len(pool.examples), ())
        for step, folder in zip(recipe.steps, folders, strict=True)
    ]
    return leave(order.out, recipe, stages, pool, base, calibrate, mirrored=MIRRORED)


def _as_recipe(table: dict[str, Any]) -> Recipe:
    """The bundled classifier's recipe in the form that the products are made from."""
    seed = TrainingSchedule(seed=table["stages"][0]["schedule"]["seed"])
    steps = tuple(Step(f"stage{n}", "multitask", schedule=seed) for n in range(1, len(table["stages"]) + 1))
    strength = asdict(Strength(**table["stages"][-1].get("augmentation", {})))
    pictures = Pictures(side_px=table["network"]["side_px"])
    return Recipe(table["name"], table["approach"], pictures, Network("residual"), strength, seed, steps)


def _history(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open(newline="") as file:
        # Keras writes NA for validation, which these recipes do without.
        rows = [{name: float(value) for name, value in row.items() if value != "NA"} for row in csv.DictReader(file)]
    # Keras counts epochs from 0.
    return [row | {"epoch": row["epoch"] + 1} for row in rows]


def _detector(order: Order, base: Bundle) -> None:
    if len(order.data) != 1 or not order.data[0].startswith(LABELLED):
        raise UsageError(f"{order.recipe.origin}: needs --data {LABELLED}FOLDER, made by faceannot.training.sources")
    labelled = Path(order.data[0].removeprefix(LABELLED))
    if not any(labelled.glob("*/labels.npz")):
        raise DatasetError(f"{labelled}: no folder with labels.npz in it")
    begin(order.out, order.recipe, [], overwrite=order.overwrite, products=list(FILES))
    with timed(order.out):
        model: keras.Model = train_detector(labelled, order.out / STEPS, base.detector, order.recipe.table)
    shutil.copyfile(order.out / STEPS / "detector.keras", order.out / "detector.keras")
    export_onnx(model, order.out / DETECTOR, channels_first_input=True, half=True)
    shutil.copyfile(base.classifier, order.out / ONNX)
    calibration = Calibration(*base.temperatures, base.gender_bias, base.expression_biases)
    names = {"name": order.recipe.table["name"], "licence": base.licence, "classifier": ONNX}
    described = describe(
        order.out, base.crop_px, calibration, base.detection_threshold, mirrored=base.mirrored, **names
    )
    (order.out / DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
