"""Runs the steps of a recipe: each chooses its examples, adds the labels that they lack, and trains a model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np

from faceannot.errors import DatasetError
from faceannot.training.augmentation import strength_of
from faceannot.training.backbones import build, copy_backbone, copy_weights
from faceannot.training.balancing import balanced, class_weights
from faceannot.training.batches import EpochBatches
from faceannot.training.epochs import Row, Tell, fit_epochs
from faceannot.training.fit import CropPool
from faceannot.training.heads import CLASSES, class_numbers, compiled, needed_label, target_weights, targets
from faceannot.training.labels import IntArray, Labels, labels_of
from faceannot.training.pseudo_labels import Added, add_labels
from faceannot.training.recipe import HeadName, Recipe, Step

_WANTED: dict[HeadName, str] = {
    "gender": "a gender",
    "emotion": "happy or sad",
    "label": "both a gender and happy or sad",
    "multitask": "a gender or an expression",
}


@dataclass(frozen=True, slots=True)
class Trained:
    """A step that is done: its model in float32, an epoch's figures a row, and what it learned from."""

    step: Step
    model: keras.Model
    history: list[Row]
    examples: int
    added: tuple[Added, ...]


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The examples of a step, as places in the pool, and their labels."""

    labels: Labels
    train: IntArray
    validation: IntArray
    added: tuple[Added, ...]


def run_steps(recipe: Recipe, pool: CropPool, folder: Path, tell: Tell) -> list[Trained]:
    """Train every step of `recipe` in order; each keeps its weights and history in a folder of its own below `folder`.

    Raises `DatasetError` naming the step and the label where there is nothing to learn from.
    """
    done: dict[str, Trained] = {}
    for step in recipe.steps:
        lesson = _lesson(step, recipe, pool, done)
        _check(step, lesson)
        done[step.name] = _train(step, recipe, pool, lesson, done, folder / step.name, tell)
    return list(done.values())


def _lesson(step: Step, recipe: Recipe, pool: CropPool, done: dict[str, Trained]) -> _Lesson:
    splits = np.array([example.split for example in pool.examples])
    labels = labels_of(pool.examples)
    used = labels.known(step.learns_from) & (splits != "test")
    added: list[Added] = []
    for name in step.labelled_by:
        labeller, places = done[name], np.flatnonzero(used)
        head, side_px = labeller.step.head, recipe.pictures.side_px
        labels, counts = add_labels(labels, labeller.model, head, pool, side_px, step.confidence, places)
        added += counts
    usable = used & labels.known(needed_label(step.head))
    train, validation = (np.flatnonzero(usable & (splits == part)) for part in ("train", "validation"))
    return _Lesson(labels, train, validation, tuple(added))


def _check(step: Step, lesson: _Lesson) -> None:
    for part, places in (("training", lesson.train), ("validation", lesson.validation)):
        if not len(places):
            raise DatasetError(
                f"step {step.name}: no {part} example has {_WANTED[step.head]}, which the head {step.head} learns"
            )
    if step.head in CLASSES:
        present = np.unique(class_numbers(step.head, lesson.labels)[lesson.train])
        if len(present) == 1:
            only = CLASSES[step.head][int(present[0])]
            raise DatasetError(
                f"step {step.name}: all {len(lesson.train)} training examples are {only}; nothing to learn"
            )


def _train(
    step: Step, recipe: Recipe, pool: CropPool, lesson: _Lesson, done: dict[str, Trained], folder: Path, tell: Tell
) -> Trained:
    batches, validation = _batches(step, recipe, pool, lesson)
    keras.utils.set_random_seed(step.schedule.seed)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if step.schedule.mixed_precision else "float32")
    try:
        network = build(recipe.network, recipe.pictures.side_px, step.head, for_training=True)
        if step.start_from:
            copy_backbone(done[step.start_from].model, network, frozen=step.frozen)
        settings = compiled(step.head, step.schedule.label_smoothing)
        history = fit_epochs(network, batches, validation, step.schedule, folder, tell, **settings)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    model = build(recipe.network, recipe.pictures.side_px, step.head, for_training=False)
    copy_weights(network, model)
    return Trained(step, model, history, len(lesson.train), lesson.added)


def _batches(step: Step, recipe: Recipe, pool: CropPool, lesson: _Lesson) -> tuple[EpochBatches, EpochBatches]:
    """What the step trains on, and what it is watched with."""
    train, weights = lesson.train, None
    if step.head in CLASSES:
        numbers = class_numbers(step.head, lesson.labels)[train]
        if step.balance == "class-weights":
            weights = class_weights(numbers, len(CLASSES[step.head]))
        train = balanced(train, numbers, step.balance, step.schedule.seed)
    strength = strength_of(recipe.augmentation)
    seen = lesson.labels.at(train)
    watched = lesson.labels.at(lesson.validation)
    made = partial(EpochBatches, pool, side_px=recipe.pictures.side_px, batch=step.schedule.batch)
    counted, plainly = target_weights(step.head, seen, weights), target_weights(step.head, watched, None)
    return (
        made(train, targets(step.head, seen), counted, seed=step.schedule.seed, strength=strength),
        made(lesson.validation, targets(step.head, watched), plainly),
    )
