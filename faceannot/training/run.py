"""Trains a recipe from end to end: sources to crops, steps, and a bundle that labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceannot.bundle import load_bundle
from faceannot.errors import FaceannotError
from faceannot.training.epochs import Tell
from faceannot.training.fit import CropPool
from faceannot.training.folds import cross_validate
from faceannot.training.material import UNWATCHED, Material, Watch, gather
from faceannot.training.products import FILES, Judged, leave, preview
from faceannot.training.recipe import Recipe, parse
from faceannot.training.recipe_files import RecipeFile
from faceannot.training.splits import with_validation
from faceannot.training.steps import run_steps
from faceannot.training.workplace import (
    FOLDS,
    PREVIEW,
    STEPS,
    begin,
    check_place,
    is_finished,
    occupied,
    timed,
    writing,
)


@dataclass(frozen=True, slots=True)
class Order:
    """What a person wants trained.

    `data`: `KIND:PATH` each. `out`: folder of the bundle. `cache`: folder of the crops, by default beside `out`.
    `model`: the bundle whose detector finds the faces and goes into the new one. `folds`: 0 for none.
    """

    recipe: RecipeFile
    data: Sequence[str]
    out: Path
    cache: Path | None = None
    model: Path | None = None
    folds: int = 0
    resume: bool = False
    overwrite: bool = False

    @property
    def crops(self) -> Path:
        """Folder of the crops."""
        return self.cache or self.out.absolute().parent / "faceannot-crops"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended: the figures of the bundle if it is a new one, and of the folds where there were any."""

    judged: Judged | None
    folds: list[dict[str, Any]]


def train(order: Order, tell: Tell, watch: Watch = UNWATCHED) -> Outcome:
    """Train what `order` wants, or go on with it, and leave the bundle. Raises `FaceannotError`."""
    with writing(order.out):
        check_place(order.out, resume=order.resume, overwrite=order.overwrite)
        with occupied(order.out):
            return _trained(order, tell, watch)


def _trained(order: Order, tell: Tell, watch: Watch) -> Outcome:
    if order.recipe.has_stages:
        from faceannot.training.bundled import train_bundled

        return Outcome(train_bundled(order, watch), [])
    recipe = parse(order.recipe.table, order.recipe.origin)
    base = load_bundle(order.model)
    material = gather(order.data, order.crops, base.detector, watch)
    pool = pool_of(recipe, material)
    begin(order.out, order.recipe, material.described(), overwrite=order.overwrite, products=list(FILES))
    folds = cross_validate(recipe, material, order.folds, order.out / FOLDS, tell) if order.folds else []
    if is_finished(order.out):
        return Outcome(None, folds)
    with timed(order.out):
        steps = run_steps(recipe, pool, order.out / STEPS, tell)
    return Outcome(leave(order.out, recipe, steps, pool, base), folds)


def show_preview(order: Order, watch: Watch = UNWATCHED) -> Path:
    """Draw what the recipe's augmentation does to some training crops, without training."""
    if order.recipe.has_stages:
        raise FaceannotError(f"{order.recipe.origin}: only recipes with [[steps]] have a preview")
    recipe = parse(order.recipe.table, order.recipe.origin)
    pool = pool_of(recipe, gather(order.data, order.crops, load_bundle(order.model).detector, watch))
    with writing(order.out):
        order.out.mkdir(parents=True, exist_ok=True)
        preview(recipe, pool, order.out / PREVIEW)
    return order.out / PREVIEW


def pool_of(recipe: Recipe, material: Material) -> CropPool:
    """All crops, with a validation part in each source."""
    pool = CropPool(material.sources)
    pool.examples = with_validation(pool.examples, recipe.pictures.validation)
    return pool
