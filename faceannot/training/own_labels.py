"""Labels that the bundled classifier's network gives itself, for faces whose gender or expression nobody said.

Shares, not decisions (Hinton et al. 2015), and of the face as it is: pictures of it that are turned, darkened or
small should get the same. So each face teaches both heads (cross-labelling), and the sources grow alike. A part of
them can go into the expressions that people gave, of which many are wrong (Reed et al. 2015, soft bootstrapping).
"""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot.classifier import softmax
from faceannot.training.augmentation import central
from faceannot.training.fit import CropPool, FloatArray, Targets, targets
from faceannot.training.stages import ClassifierStage

_BATCH = 256


def with_own_labels(
    network: keras.Model, pool: CropPool, among: NDArray[np.intp], stage: ClassifierStage, kept: Path
) -> Targets:
    """`targets` of all examples, and for those `among` them that lack a label the network's.

    How much they count, and what part they have in the expressions that people gave, says `stage`. The network looks
    at each face and at its mirror image, in crops of the size that it takes. Its labels are kept in the file `kept`,
    for a training that goes on.
    """
    labels, weights = targets(pool.examples)
    genders, expressions = _own(network, pool, among, kept)
    for head, own, part in ((0, genders, 0.0), (1, expressions, stage.own_part)):
        missing = weights[head][among] == 0
        given = among[~missing]
        labels[head][given] = (1 - part) * labels[head][given] + part * own[~missing]
        labels[head][among[missing]] = own[missing]
        weights[head][among[missing]] = stage.own_labels
    return labels, weights


def _own(network: keras.Model, pool: CropPool, among: NDArray[np.intp], kept: Path) -> tuple[FloatArray, FloatArray]:
    if not kept.is_file():
        genders, expressions = _predicted(network, pool, among)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_name(f"partial.{kept.name}")
        np.savez(partial, genders=genders, expressions=expressions)
        os.replace(partial, kept)  # noqa: PTH105
    with np.load(kept, allow_pickle=False) as file:
        return file["genders"], file["expressions"]


def _predicted(network: keras.Model, pool: CropPool, among: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Shares (n, 2) and (n, 7)."""
    side_px = network.input_shape[1]
    parts: tuple[list[FloatArray], list[FloatArray]] = [], []
    for start in range(0, len(among), _BATCH):
        crops = np.stack([central(pool.crop(index), side_px) for index in among[start : start + _BATCH]])
        looks = (network.predict_on_batch(look.astype(np.float32)) for look in (crops, crops[:, :, ::-1]))
        for part, first, second in zip(parts, *looks, strict=True):
            part.append(softmax((first + second) / 2, 1.0).astype(np.float32))
    return np.concatenate(parts[0]), np.concatenate(parts[1])
