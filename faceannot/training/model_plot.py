"""Draws the layers of a network, without Graphviz: boxes in columns, arrows from layer to layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from faceannot.training.plots import DPI

_ROWS = 24
_WIDTH, _HEIGHT = 3.1, 0.62
_ACROSS, _DOWN = 3.9, 0.92
_LANE, _LANES = 0.1, 5
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
    edges = [(places[id(source)], places[id(one)]) for one in operations for source in _sources(one)]
    for lane, (start, end) in enumerate(edges):
        _arrow(axes, start, end, lane)
    for one in operations:
        _box(axes, one, *places[id(one)])
    axes.set_xlim(-_WIDTH / 2 - 0.5, (columns - 1) * _ACROSS + _WIDTH / 2 + 0.7)
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
    axes.text(x, y + 0.13, operation.name, ha="center", va="center", fontsize=_font(operation.name))
    detail = [kind, shape, f"{weights:,} weights"] if weights else [kind, shape]
    axes.text(x, y - 0.15, ", ".join(detail), ha="center", va="center", fontsize=6, color="#444444")


def _font(name: str) -> float:
    """Smaller for a name that would leave its box."""
    return min(7.5, 7.5 * 28 / len(name))


def _arrow(axes: Axes, start: Place, end: Place, lane: int) -> None:
    """Straight down to the next layer; to any other beside the column, in a lane of its own."""
    (x0, y0), (x1, y1) = start, end
    if x0 == x1 and abs(y0 - y1 - _DOWN) < 1e-6:
        points, colour = [(x0, y0 - _HEIGHT / 2), (x1, y1 + _HEIGHT / 2)], "#333333"
    else:
        beside = x0 + _WIDTH / 2 + _LANE * (1 + lane % _LANES)
        side = _WIDTH / 2 if x0 == x1 else -_WIDTH / 2
        points, colour = [(x0 + _WIDTH / 2, y0), (beside, y0), (beside, y1), (x1 + side, y1)], "#7a7a7a"
    axes.plot(*zip(*points[:-1], strict=True), color=colour, lw=0.8, zorder=0)
    axes.annotate("", points[-1], points[-2], arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 0.8}, zorder=0)
