"""Draws the layers of a network, without Graphviz: boxes in columns, arrows from layer to layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from faceannot.training.plots import DPI

_ROWS = 24
_WIDTH, _HEIGHT = 3.1, 0.62
_ACROSS, _DOWN = 3.9, 0.92
_KINDS = {"Conv2D": "#dce8f6", "DepthwiseConv2D": "#dce8f6", "Dense": "#fbe6cf", "InputLayer": "#e4e4e4"}

Place = tuple[float, float]


def model_plot(model: keras.Model, path: Path) -> None:
    """A box for each layer, with its kind, its output's shape and its weights; read down, then the next column."""
    operations = list(model.operations)
    places = {id(one): (number // _ROWS * _ACROSS, -(number % _ROWS) * _DOWN) for number, one in enumerate(operations)}
    columns, rows = -(-len(operations) // _ROWS), min(len(operations), _ROWS)
    figure = Figure(figsize=(columns * _ACROSS * 0.72 + 0.6, rows * _DOWN * 0.72 + 0.9), layout="constrained")
    axes = figure.subplots()
    figure.suptitle(f"{model.name}: {model.count_params():,} weights", fontsize=11)
    for one in operations:
        for source in _sources(one):
            _arrow(axes, places[id(source)], places[id(one)])
    for one in operations:
        _box(axes, one, *places[id(one)])
    axes.set_xlim(-_WIDTH / 2 - 0.5, (columns - 1) * _ACROSS + _WIDTH / 2 + 0.5)
    axes.set_ylim(-(rows - 1) * _DOWN - _HEIGHT, _HEIGHT)
    axes.set_axis_off()
    figure.savefig(path, dpi=DPI)


def _sources(operation: Any) -> list[Any]:
    if isinstance(operation, keras.layers.InputLayer):
        return []
    inputs = operation.input if isinstance(operation.input, list) else [operation.input]
    return [tensor._keras_history.operation for tensor in inputs]


def _box(axes: Axes, operation: Any, x: float, y: float) -> None:
    kind = type(operation).__name__
    box = FancyBboxPatch(
        (x - _WIDTH / 2, y - _HEIGHT / 2),
        _WIDTH,
        _HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=_KINDS.get(kind, "#f5f5f5"),
        edgecolor="#555555",
        linewidth=0.8,
    )
    axes.add_patch(box)
    weights = operation.count_params() if isinstance(operation, keras.layers.Layer) else 0
    shape = " x ".join(str(side) for side in operation.output.shape[1:])
    axes.text(x, y + 0.13, f"{kind}  {operation.name}"[:40], ha="center", va="center", fontsize=7)
    detail = f"{shape}, {weights:,} weights" if weights else shape
    axes.text(x, y - 0.15, detail, ha="center", va="center", fontsize=6.5, color="#444444")


def _arrow(axes: Axes, start: Place, end: Place) -> None:
    """Straight to the next layer; round the others on the side, lighter, where it skips some."""
    (x0, y0), (x1, y1) = start, end
    same_column, next_row = x0 == x1, abs(y0 - y1 - _DOWN) < 1e-6
    if same_column and next_row:
        points, bend, colour = ((x0, y0 - _HEIGHT / 2), (x1, y1 + _HEIGHT / 2)), 0.0, "#333333"
    elif same_column:
        points, bend, colour = ((x0 + _WIDTH / 2, y0), (x1 + _WIDTH / 2, y1)), -0.35, "#8a8a8a"
    else:
        points, bend, colour = ((x0 + _WIDTH / 2, y0), (x1 - _WIDTH / 2, y1)), 0.0, "#8a8a8a"
    style = f"arc3,rad={bend}"
    arrow = FancyArrowPatch(*points, arrowstyle="-|>", mutation_scale=8, connectionstyle=style, color=colour, lw=0.8)
    axes.add_patch(arrow)
