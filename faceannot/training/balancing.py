"""Makes up for classes of unlike size: weights in the loss, or examples left out or repeated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from faceannot.training.labels import IntArray
from faceannot.training.recipe import Balance


def class_weights(numbers: IntArray, classes: int) -> NDArray[np.float64]:
    """(classes,) by the inverse of each class's size, 1 on average over the examples; 0 for an empty class."""
    sizes = np.bincount(numbers, minlength=classes)
    present = np.count_nonzero(sizes)
    return np.where(sizes > 0, len(numbers) / (present * np.maximum(sizes, 1)), 0.0)


def balanced(indices: IntArray, numbers: IntArray, how: Balance, seed: int) -> IntArray:
    """`indices`, whose classes are `numbers`, with every class as large as the smallest or the largest.

    Undersampling leaves examples out, oversampling repeats them; both are drawn by `seed` alone. Any other way leaves
    the examples as they are.
    """
    if how not in ("undersampling", "oversampling"):
        return indices
    random = np.random.default_rng(seed)
    groups = [indices[numbers == number] for number in np.unique(numbers)]
    sizes = [len(group) for group in groups]
    wanted = min(sizes) if how == "undersampling" else max(sizes)
    return np.sort(np.concatenate([_resized(group, wanted, random) for group in groups]))


def _resized(group: IntArray, wanted: int, random: np.random.Generator) -> IntArray:
    """`wanted` of the group: each as often as any other, but for one."""
    whole, rest = divmod(wanted, len(group))
    return np.concatenate([np.repeat(group, whole), random.choice(group, rest, replace=False)])
