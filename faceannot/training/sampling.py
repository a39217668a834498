"""How often each example is drawn, so that neither a large source nor a common group crowds out the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.example import Example

AGE_EDGES = (0, 3, 10, 20, 30, 50, 60, 70)


def draw_weights(examples: Sequence[Example], shares: Mapping[str, float], power: float) -> NDArray[np.float64]:
    """Chances (n,), summing to 1, of drawing each example.

    `shares`: part of all draws that goes to each source; sources that are not named are not drawn.
    `power`: within a source a cell (gender, with age group or expression) is drawn by its size to the power
    1 - `power`: 0 leaves the sizes, 1 makes cells equal.
    """
    cells = [_cell(example) for example in examples]
    sizes = Counter(cells)
    weights = np.array([sizes[cell] ** -power for cell in cells])
    sources = np.array([example.source for example in examples])
    for source in set(sources):
        chosen = sources == source
        weights[chosen] *= shares.get(source, 0.0) / weights[chosen].sum()
    return np.asarray(weights / weights.sum())


def _cell(example: Example) -> tuple[str, object, object, object]:
    if example.expression is not None:
        return example.source, example.gender, "expression", int(np.argmax(example.expression))
    age_group = None if example.age is None else int(np.searchsorted(AGE_EDGES, example.age, side="right"))
    return example.source, example.gender, "age", age_group
