"""Cross-validation: the recipe trained once for each fold, judged on the fold, with mean and spread."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from faceannot.errors import DatasetError, UsageError
from faceannot.training.batches import predict
from faceannot.training.epochs import Moment, Tell
from faceannot.training.fit import CropPool
from faceannot.training.heads import interface
from faceannot.training.judging import judge
from faceannot.training.labels import IntArray
from faceannot.training.material import Material
from faceannot.training.recipe import Recipe
from faceannot.training.splits import fold
from faceannot.training.steps import Trained, run_steps

Row = dict[str, Any]


def cross_validate(recipe: Recipe, material: Material, folds: int, folder: Path, tell: Tell) -> list[Row]:
    """Train and judge each of so many `folds` in `folder`; leaves `folds.csv` and `summary.json` there.

    A row for each kind of label: its name, and mean and spread (standard deviation) of each figure. What is kept for
    judging takes no part. Raises `UsageError` where the folds in `folder` are of another number.
    """
    _check_same(folder, folds)
    rows = []
    for number in range(folds):
        pool = CropPool(material.sources)
        pool.examples, judged = fold(pool.examples, number, folds, recipe.pictures.validation)
        place = folder / str(folds) / str(number + 1)
        steps = run_steps(recipe, pool, place, named(tell, f"fold {number + 1}/{folds}"))
        rows += [{"fold": number + 1, **row} for row in figures_of(recipe, pool, steps[-1], np.array(judged, np.int64))]
    if not rows:
        raise DatasetError("the folds hold no example with a label that the last step's head tells")
    _write(rows, folder / "folds.csv")
    summary = [_summary(kind, rows) for kind in dict.fromkeys(row["kind"] for row in rows)]
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    return summary


def _check_same(folder: Path, folds: int) -> None:
    """A model of another number of folds has learned from faces that it would be judged on."""
    others = [path.name for path in folder.glob("*/") if path.name != str(folds)]
    if others:
        raise UsageError(f"{folder}: was begun with --folds {others[0]}; --overwrite begins anew")


def validation_figures(recipe: Recipe, pool: CropPool, result: Trained) -> list[Row]:
    """How `result` does on the validation faces: a row for each kind of label that people gave there."""
    places = np.flatnonzero([example.split == "validation" for example in pool.examples])
    return figures_of(recipe, pool, result, places)


def figures_of(recipe: Recipe, pool: CropPool, result: Trained, places: IntArray) -> list[Row]:
    """How `result` does on the faces at `places`: a row for each kind of label that people gave there."""
    network = interface(result.model, result.step.head)
    gender, expression = (part.astype(np.float64) for part in predict(network, pool, places, recipe.pictures.side_px))
    judgements = judge([pool.examples[place] for place in places], gender, expression, result.step.head)
    return [{"kind": one.kind, **_flat(one.figures())} for one in judgements]


def _flat(figures: dict[str, Any]) -> Row:
    kept = {name: figures[name] for name in ("faces", "accuracy", "balanced_accuracy")}
    return kept | {f"accuracy_{name}": value for name, value in figures["accuracy_by_gender"].items()}


def named(tell: Tell, name: str) -> Tell:
    """`tell`, with `name` before the step's."""

    def told(moment: Moment) -> None:
        tell(replace(moment, step=f"{name}, {moment.step}"))

    return told


def _summary(kind: str, rows: Sequence[Row]) -> Row:
    summary: Row = {"kind": kind}
    for name in ("accuracy", "balanced_accuracy", "accuracy_women", "accuracy_men"):
        values = [row[name] for row in rows if row["kind"] == kind and row[name] is not None]
        if values:
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
            summary[name] = {"mean": round(float(np.mean(values)), 4), "spread": round(spread, 4)}
    return summary


def _write(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
