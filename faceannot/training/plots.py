"""The pictures that a training leaves: curves, confusion matrices, sample predictions, augmentations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from faceannot.training.augmentation import Strength, augment, central, strength_of
from faceannot.training.judging import Judgement
from faceannot.training.recipe import Recipe
from faceannot.training.steps import Trained

RgbArray = NDArray[np.uint8]
# Blue and orange, and dark green and dark red beside a word: told apart by people who see no red or green too.
COLOURS = ("#1f5fa8", "#d9730d", "#5b8c2a", "#8a4fa3")
RIGHT, WRONG = "#1b7f4d", "#b3261e"
DPI = 120
_ACROSS, _GAP = 8, 4


def curves(steps: Sequence[Trained], what: str, path: Path) -> None:
    """A panel for each step: `what` (`accuracy` or `loss`) of training and validation by epoch."""
    figure = Figure(figsize=(max(5.0, 4.2 * len(steps)), 3.6), layout="constrained")
    for axes, step in zip(np.atleast_1d(figure.subplots(1, len(steps))), steps, strict=True):
        names = sorted(name for name in step.history[0] if name.endswith(what) and not name.startswith("val_"))
        names = [what] if what in names else names
        for colour, name in zip(COLOURS, names, strict=False):
            _curve(axes, step, name, colour, "" if len(names) == 1 else f"{name.removesuffix(f'_{what}')}, ")
        axes.set_title(f"{step.step.name}: {step.examples:,} examples", fontsize=10)
        axes.set_xlabel("epoch")
        axes.set_ylabel(what)
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=DPI)


def _curve(axes: Axes, step: Trained, name: str, colour: str, which: str) -> None:
    epochs = [row["epoch"] for row in step.history]
    marker = "o" if len(epochs) < 20 else None
    for prefix, style, part in (("", "-", "training"), ("val_", "--", "validation")):
        # The bundled models' recipes watch no validation examples.
        values = [row[f"{prefix}{name}"] for row in step.history if f"{prefix}{name}" in row]
        if not values:
            continue
        axes.plot(epochs, values, style, color=colour, marker=marker, markersize=3, label=f"{which}{part}")


def confusion(judgements: Sequence[Judgement], path: Path, about: str) -> None:
    """A panel for each kind of label: people's class by row, the model's by column, in counts and shares of the row."""
    widths = [max(2.6, 0.75 * len(one.classes) + 1.4) for one in judgements] or [4.0]
    figure = Figure(figsize=(sum(widths) + 0.6, max(widths) + 0.7), layout="constrained")
    figure.suptitle(about, fontsize=10)
    if not judgements:
        figure.text(0.5, 0.5, "no face has a label to compare with", ha="center")
    else:
        panels = figure.subplots(1, len(judgements), width_ratios=widths, squeeze=False)[0]
        for axes, one in zip(panels, judgements, strict=True):
            _matrix(axes, one)
    figure.savefig(path, dpi=DPI)


def _matrix(axes: Axes, judgement: Judgement) -> None:
    counts = judgement.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.set_anchor("N")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        colour = "white" if shares[row, column] > 0.55 else "black"
        text = f"{shares[row, column]:.0%}\n{counts[row, column]:,}"
        axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    places = range(len(judgement.classes))
    axes.set_xticks(places, judgement.classes, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(places, judgement.classes, fontsize=8)
    axes.set_ylabel("people say", fontsize=8)
    axes.set_xlabel("the model says", fontsize=8)
    accuracy = (judgement.truth == judgement.said).mean()
    axes.set_title(f"{judgement.kind}: {accuracy:.1%} of {len(judgement.truth):,}", fontsize=9)


def sample_predictions(judgement: Judgement | None, crops: RgbArray, path: Path) -> None:
    """Up to 25 faces, what the model said of each, and whether people say so; `crops` are those of `judgement.rows`."""
    figure = Figure(figsize=(8.4, 9.9), layout="constrained")
    for axes in figure.subplots(5, 5).flat:
        axes.set_axis_off()
    if judgement is None:
        figure.text(0.5, 0.5, "no face has a label to compare with", ha="center")
    for place, (axes, crop) in enumerate(zip(figure.axes, crops, strict=False)):
        assert judgement is not None
        _sample(axes, crop, judgement, place)
    figure.savefig(path, dpi=DPI)


def _sample(axes: Axes, crop: RgbArray, judgement: Judgement, place: int) -> None:
    truth, said = (judgement.classes[numbers[place]] for numbers in (judgement.truth, judgement.said))
    colour, mark = (RIGHT, "right") if truth == said else (WRONG, "wrong")
    axes.set_axis_on()
    axes.imshow(crop, interpolation="bilinear")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=colour, linewidth=3)
    words = f"says {said}\n{mark}" if truth == said else f"says {said}\n{mark}: people say {truth}"
    axes.set_xlabel(words, fontsize=8.5, color=colour)


def augmentation_preview(recipe: Recipe, crops: Sequence[RgbArray], path: Path) -> None:
    """A row for each change that the recipe makes, always and by itself; the last row has all, as in training."""
    side_px, seed = recipe.pictures.side_px, recipe.steps[-1].schedule.seed
    rows = [("as it is", None), *_alone(recipe.augmentation), ("all together", strength_of(recipe.augmentation))]
    chosen = [crops[place % len(crops)] for place in range(_ACROSS)]
    sheet = np.full((len(rows) * (side_px + _GAP), _ACROSS * (side_px + _GAP), 3), 255, np.uint8)
    for (row, (_, strength)), column in product(enumerate(rows), range(_ACROSS)):
        random = np.random.default_rng([seed, row, column])
        crop = chosen[column]
        made = central(crop, side_px) if strength is None else augment(crop, side_px, strength, random)
        top, left = row * (side_px + _GAP), column * (side_px + _GAP)
        sheet[top : top + side_px, left : left + side_px] = made
    figure = Figure(figsize=(_ACROSS + 2.0, len(rows) + 0.2), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, interpolation="nearest")
    middles = [row * (side_px + _GAP) + side_px / 2 for row in range(len(rows))]
    axes.set_yticks(middles, [name for name, _ in rows], fontsize=9)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.savefig(path, dpi=DPI)


def _alone(given: Any) -> list[tuple[str, Strength]]:
    """Each strength that is not 0 by itself; what happens now and then happens every time."""
    named = [part.name for part in fields(Strength) if part.name != "smallest_px" and given.get(part.name)]
    smallest = {"smallest_px": given["smallest_px"]} if "smallest_px" in given else {}
    return [
        (name.removesuffix("_degrees").replace("_", " "), strength_of({name: _visible(name, given[name])} | smallest))
        for name in named
    ]


def _visible(name: str, amount: float) -> float:
    chances = ("low_resolution", "blur", "jpeg", "noise", "grey", "occlusion", "hair_cut_away", "tight_frame")
    return 1.0 if name in chances else amount
