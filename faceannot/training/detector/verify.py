"""Trains the verifier, which looks again at what the trained detector takes for faces, and weighs the two scores."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from faceannot.crop_networks import INPUT
from faceannot.datasets.cropping import MARGIN
from faceannot.defaults import usable_cpus
from faceannot.training.augmentation import Strength, augment, central
from faceannot.training.detector.candidates import Candidates, Cut, gather_candidates
from faceannot.training.detector.patches import behind
from faceannot.training.eight_bits import in_eight_bits, representative
from faceannot.training.export import export_onnx
from faceannot.training.fit import fit_averaged, half_precision
from faceannot.training.networks import residual_features
from faceannot.training.quick_layers import Kit
from faceannot.training.stages import Schedule, VerifierRecipe
from faceannot.verifier import logit

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]
KERAS, FILE, DESCRIPTION, FOUND = "verifier.keras", "verifier.onnx", "verifier.json", "candidates"
# Faces lie anywhere and are turned. Seldom is something painted over them; more often something lies before them.
STRENGTH = Strength(
    rotation_degrees=16.0,
    zoom=0.12,
    shift=0.06,
    low_resolution=0.2,
    smallest_px=14,
    noise=0.06,
    grey=0.12,
    occlusion=0.08,
    hair_cut_away=0.0,
    tight_frame=0.0,
)
BEHIND = 0.15
# Finds that the detector scores a little lower than what is looked at again are learned from, too.
LEARNED_FROM = 0.8
# How much the detector's logit counts beside the verifier's. Freely fitted it would be less; but the photos for that
# are of sources that the verifier knows, and on others the detector holds better (model-experiments.md).
TRUST = 3.0
# On others what is no face scores higher, too, so that joint logits are lowered by this: 0.68 becomes 0.5. Finds in
# company get most of it back (`faceannot.verifier.COMPANY`).
STRICTER = 0.75
# Newton's method for a few numbers.
_STEPS, _RIDGE = 30, 1e-3


class CandidateBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented batches; which candidates they hold depends on the seed, the epoch and the batch alone."""

    def __init__(self, found: Candidates, side_px: int, schedule: Schedule) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._found, self._side_px, self._schedule = found, side_px, schedule
        self._learned = np.flatnonzero(~found.held_out)
        self.epoch = 0

    def __len__(self) -> int:
        return self._schedule.steps

    def __getitem__(self, step: int) -> tuple[FloatArray, FloatArray]:
        random = np.random.default_rng([self._schedule.seed, self.epoch, step])
        drawn = random.choice(self._learned, self._schedule.batch)
        crops = [augment(self._crop(i, random), self._side_px, STRENGTH, random) for i in drawn]
        return np.stack(crops).astype(np.float32), self._found.is_face[drawn].astype(np.float32)[:, None]

    def _crop(self, row: int, random: np.random.Generator) -> NDArray[np.uint8]:
        """A find, now and then with a part of another one before it."""
        crop = np.asarray(self._found.crops[row])
        if random.random() >= BEHIND:
            return crop
        return behind(crop, np.asarray(self._found.crops[random.choice(self._learned)]), random)


def verifier_network(
    side_px: int, *, widths: Sequence[int], blocks: Sequence[int], dropout: float, for_training: bool
) -> keras.Model:
    """The residual features of the classifier, see `residual_features`, and one logit.

    Input `crops` (n, side_px, side_px, 3), red-green-blue, 0..255; output `face` (n, 1). The form that is not for
    training has the same weights and loads with Keras alone.
    """
    kit = Kit(for_training)
    inputs = keras.Input((side_px, side_px, 3), name=INPUT)
    x = layers.Dropout(dropout, name="dropout")(residual_features(inputs, widths, blocks, kit))
    return keras.Model(inputs, layers.Dense(1, dtype="float32", name="face")(x), name="verifier")


def train_verifier(labelled: Path, detector: Path, out: Path, recipe: VerifierRecipe) -> keras.Model:
    """Train on what `detector`, an ONNX file, takes for faces in the photos of `labelled`.

    `out/verifier.keras` is the network, also returned; `out/verifier.onnx` the same in eight bits, and
    `out/verifier.json` says how it is used. The history, the checkpoint and, until it is done, what the detector found
    are in folders of `out`, and a run that died goes on there.
    """
    is_finished = (out / DESCRIPTION).is_file()
    found = None if is_finished else _candidates(labelled, detector, out / FOUND, recipe)
    keras.utils.set_random_seed(recipe.schedule.seed)
    with half_precision():
        network = _network(recipe, for_training=True)
        batches = found and CandidateBatches(found, recipe.side_px, recipe.schedule)
        loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.schedule.label_smoothing)
        fit_averaged(network, batches, recipe.schedule, out / "verifier", loss=loss)
    model = _network(recipe, for_training=False)
    model.set_weights(network.get_weights())
    if found:
        model.save(out / KERAS)
        rows = np.flatnonzero(found.held_out & (found.scores >= recipe.proposed))
        crops = np.stack([central(np.asarray(found.crops[row]), recipe.side_px) for row in rows])
        _write(model, crops[representative(range(len(crops)))], out / FILE)
        _describe(out, recipe, _weights(model, crops, found.scores[rows], found.is_face[rows]))
        shutil.rmtree(out / FOUND)
    return model


def _network(recipe: VerifierRecipe, *, for_training: bool) -> keras.Model:
    return verifier_network(
        recipe.side_px, widths=recipe.widths, blocks=recipe.blocks, dropout=recipe.dropout, for_training=for_training
    )


def _candidates(labelled: Path, detector: Path, out: Path, recipe: VerifierRecipe) -> Candidates:
    cut = Cut(
        LEARNED_FROM * recipe.proposed, round(recipe.side_px * MARGIN), recipe.context * MARGIN, recipe.schedule.seed
    )
    return gather_candidates(labelled, recipe.looks, cut, detector, out, workers=usable_cpus())


def _describe(out: Path, recipe: VerifierRecipe, weights: Sequence[float]) -> None:
    described = {
        "side_px": recipe.side_px,
        "context": recipe.context,
        "proposed": recipe.proposed,
        "weights": [round(weight, 4) for weight in weights],
    }
    (out / DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


def _write(model: keras.Model, crops: RgbArray, out: Path) -> None:
    """Write `model` to `out` in eight bits; `crops` show how large its values get."""
    export_onnx(model, out, channels_first_input=False, half=False)
    in_eight_bits(out, crops, out)


def _weights(model: Any, crops: RgbArray, scores: FloatArray, is_face: NDArray[np.bool_]) -> list[float]:
    """Of the verifier's logit, of that of the detector's score, and an offset, from held-out finds."""
    # What decides are the finds in doubt, of which the bundle's verifier sees the mirror image, too.
    looks = (crops, crops[:, :, ::-1])
    seen = sum(model.predict(look.astype(np.float32), verbose=0)[:, 0] for look in looks) / 2
    slope, offset = logistic((seen + TRUST * logit(scores))[:, None], is_face)
    return [slope, slope * TRUST, offset - STRICTER]


def logistic(features: FloatArray, is_face: NDArray[np.bool_]) -> list[float]:
    """The weights of `features` (n, k) and the offset, k + 1 numbers, of a logistic regression on `is_face` (n)."""
    rows = np.column_stack([features, np.ones(len(features))]).astype(np.float64)
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -50, 50)))
        slope = rows.T @ (chance - is_face) + _RIDGE * weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + _RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    return [float(weight) for weight in weights]
