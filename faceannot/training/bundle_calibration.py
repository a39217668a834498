"""Calibrates the bundled classifier on validation faces: temperatures, and biases that let no group pay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceannot.classifier import logits
from faceannot.datasets import affectnet_masked, affectnet_yolo, everyday
from faceannot.datasets.example import Example
from faceannot.defaults import usable_cpus
from faceannot.onnx_files import open_network
from faceannot.training.augmentation import Strength, augment
from faceannot.training.calibration import Calibration, balanced_bias, expression_biases, temperature
from faceannot.training.fit import CropPool, central_crops, targets

FloatArray = NDArray[np.float64]
# Faces that decide the balance of women and men: grown-ups whose gender people recorded one by one.
BALANCED_ON = ("utkface", "all-age-faces")
GROWN_UP = 16
# Women and men have to be found alike often as cameras and archives show them, too; and few validation faces are near
# the border between both, so that each is looked at as often as this, changed as in training.
LOOKS, SEED = 6, 20261125
# Nobody's photos are like the first, with each expression as often as any other and nothing round the face; the genders
# of the second were guessed by a model, or are those of other pictures (docs/data.md); a network was unsure of most of
# the third.
NOT_CALIBRATED_ON = (affectnet_masked.SOURCE, affectnet_yolo.FFHQ, everyday.SOURCE)
# Looking at the mirror image too is worth half a point or more on every source (benchmarks/model-experiments.md);
# labelling spares faces that one look shows plainly, whose labels it does not change.
MIRRORED = True
_BATCH = 256


def calibrate_classifier(
    classifier: Path, pool: CropPool, places: Sequence[int], side_px: int, strength: Strength
) -> Calibration:
    """The calibration of an ONNX file by the faces of `pool` at `places`, as they are.

    The bias between women and men comes from those faces changed by `strength`.
    """
    seen = classifier_logits(classifier, central_crops(pool, places, side_px), mirrored=MIRRORED)
    bias = _balance(classifier, pool, [place for place in places if _decides(pool.examples[place])], side_px, strength)
    return calibrate(seen, [pool.examples[place] for place in places], bias)


def calibrate(logits: Sequence[FloatArray], examples: Sequence[Example], bias: float) -> Calibration:
    """Temperatures and the expressions' biases from the logits of both heads on faces that look like people's photos.

    `bias`: what is added to the logit of `female`.
    """
    if any(example.source not in NOT_CALIBRATED_ON for example in examples):
        kept = [row for row, example in enumerate(examples) if example.source not in NOT_CALIBRATED_ON]
        logits, examples = [part[kept] for part in logits], [examples[row] for row in kept]
    wanted, known = targets(examples)
    gendered, expressive = (weights > 0 for weights in known)
    expressions, shown = logits[1][expressive], wanted[1][expressive].astype(np.float64)
    biases = expression_biases(expressions, shown, [e.source for e in examples if e.expression])
    return Calibration(
        temperature(logits[0][gendered] + (0.0, bias), wanted[0][gendered].astype(np.float64)),
        temperature(expressions + biases, shown),
        bias,
        tuple(biases.tolist()),
    )


def classifier_logits(classifier: Path, crops: NDArray[np.uint8], *, mirrored: bool = False) -> list[FloatArray]:
    """What an ONNX classifier says of `crops`: logits of gender (n, 2) and expression (n, 7)."""
    session = open_network(classifier, "classifier", threads=usable_cpus())
    parts = [
        logits(session, crops[start : start + _BATCH], mirrored=mirrored) for start in range(0, len(crops), _BATCH)
    ]
    return [np.concatenate([part[head] for part in parts]) for head in (0, 1)]


def _decides(example: Example) -> bool:
    return example.source in BALANCED_ON and example.gender is not None and (example.age or 0) >= GROWN_UP


def _balance(classifier: Path, pool: CropPool, places: Sequence[int], side_px: int, strength: Strength) -> float:
    """What lets women and men be found alike often; 0 where there are only women, only men or nobody."""
    is_female = np.array([pool.examples[place].gender == "female" for place in places])
    if len(set(is_female.tolist())) < 2:
        return 0.0
    random = np.random.default_rng(SEED)
    changed = [augment(pool.crop(place), side_px, strength, random) for _ in range(LOOKS) for place in places]
    genders, _ = classifier_logits(classifier, np.stack(changed), mirrored=MIRRORED)
    return balanced_bias(genders, np.tile(is_female, LOOKS))
