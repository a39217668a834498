"""Batches of crops for a step of a recipe, and predictions on crops."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot.training.augmentation import Strength, augment, central
from faceannot.training.fit import CropPool
from faceannot.training.labels import IntArray

FloatArray = NDArray[np.float32]


class EpochBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Every chosen crop once an epoch; order and changes depend on the seed, the epoch and the batch alone.

    `targets`, `weights`: for each output an array with a row for each of `indices`. Without `strength` the crops come
    as they are, in their order. `epoch` is set by who trains.
    """

    def __init__(
        self,
        pool: CropPool,
        indices: IntArray,
        targets: tuple[FloatArray, ...],
        weights: tuple[FloatArray, ...],
        *,
        side_px: int,
        batch: int,
        seed: int = 0,
        strength: Strength | None = None,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._pool, self._indices, self._targets, self._weights = pool, indices, targets, weights
        self._side_px, self._batch, self._seed, self._strength = side_px, batch, seed, strength
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self._indices) // self._batch)

    def __getitem__(self, number: int) -> tuple[FloatArray, Any, Any]:
        rows = self._order()[number * self._batch : (number + 1) * self._batch]
        random = np.random.default_rng([self._seed, self.epoch, number])
        crops = np.stack([self._picture(self._pool.crop(index), random) for index in self._indices[rows]])
        targets, weights = (tuple(part[rows] for part in parts) for parts in (self._targets, self._weights))
        single = len(targets) == 1
        return crops.astype(np.float32), targets[0] if single else targets, weights[0] if single else weights

    def _order(self) -> IntArray:
        if self._strength is None:
            return np.arange(len(self._indices))
        return np.random.default_rng([self._seed, self.epoch]).permutation(len(self._indices))

    def _picture(self, crop: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
        if self._strength is None:
            return central(crop, self._side_px)
        return augment(crop, self._side_px, self._strength, random)


class _Pictures(keras.utils.PyDataset):  # type: ignore[misc]
    def __init__(self, pool: CropPool, indices: IntArray, side_px: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._pool, self._indices, self._side_px = pool, indices, side_px

    def __len__(self) -> int:
        return -(-len(self._indices) // 256)

    def __getitem__(self, number: int) -> tuple[FloatArray]:
        chosen = self._indices[number * 256 : (number + 1) * 256]
        return (np.stack([central(self._pool.crop(i), self._side_px) for i in chosen]).astype(np.float32),)


def predict(model: keras.Model, pool: CropPool, indices: IntArray, side_px: int) -> list[FloatArray]:
    """For each output of `model` what it says of the crops, unchanged."""
    if not len(indices):
        return [np.zeros((0, tensor.shape[-1]), np.float32) for tensor in model.outputs]
    said = model.predict(_Pictures(pool, indices, side_px), verbose=0)
    return list(said) if isinstance(said, list | tuple) else [said]
