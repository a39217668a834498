"""Makes the bundled classifier: `python -m faceannot.training.classifier PREPARED OUT`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.example import Example
from faceannot.datasets.prepare import load
from faceannot.training.fit import CropPool, DrawnBatches, fit, half_precision
from faceannot.training.networks import two_heads
from faceannot.training.recipe_files import read_recipe
from faceannot.training.sampling import draw_weights
from faceannot.training.stages import ClassifierRecipe, Draws, parse_classifier

RECIPE = Path(__file__).parent / "recipes" / "bundled-classifier.toml"


def train(prepared: Path, out: Path, recipe: ClassifierRecipe) -> keras.Model:
    """Train on every prepared source below `prepared`, one stage of the recipe after the other.

    `out/model.keras` is the network in float32, also returned; each stage keeps its history and checkpoint in a
    folder of its own, and a run that died goes on from there.
    """
    return train_on(CropPool([load(path.parent) for path in sorted(prepared.glob("*/examples.csv"))]), out, recipe)


def train_on(pool: CropPool, out: Path, recipe: ClassifierRecipe) -> keras.Model:
    """`train`, on crops that are at hand."""
    keras.utils.set_random_seed(recipe.stages[0].schedule.seed)
    with half_precision():
        network = two_heads(**asdict(recipe.network), for_training=True)
        for number, stage in enumerate(recipe.stages, start=1):
            chances = _chances(pool.examples, recipe.draws, stage.shares)
            batches = DrawnBatches(pool, chances, recipe.network.side_px, stage.schedule, stage.augmentation)
            fit(network, batches, stage.schedule, out / f"stage{number}")
    model = two_heads(**asdict(recipe.network), for_training=False)
    model.set_weights(network.get_weights())
    model.save(out / "model.keras")
    return model


def _chances(examples: list[Example], draws: Draws, shares: Mapping[str, float]) -> NDArray[np.float64]:
    weights = draw_weights(examples, shares, draws.power)
    youngest = draws.youngest_for_gender
    used = [e.split == "train" and (e.expression is not None or e.age is None or e.age >= youngest) for e in examples]
    weights = weights * np.array(used)
    return np.asarray(weights / weights.sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "prepared", type=Path, help="folder of prepared sources, as faceannot.datasets.prepare leaves it"
    )
    parser.add_argument("out", type=Path, help="folder for the model, the history and the checkpoints")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    arguments = parser.parse_args()
    recipe = parse_classifier(read_recipe(arguments.recipe).table, str(arguments.recipe))
    train(arguments.prepared, arguments.out, recipe)


if __name__ == "__main__":
    main()
