"""Makes the bundled classifier: `python -m faceannot.training.classifier PREPARED OUT`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.prepare import load
from faceannot.errors import DatasetError
from faceannot.training.fit import CropPool, DrawnBatches, Targets, average, fit, half_precision, weights_of
from faceannot.training.leaks import leaked
from faceannot.training.networks import move_weights, two_heads
from faceannot.training.own_labels import with_own_labels
from faceannot.training.recipe_files import read_recipe
from faceannot.training.sampling import draw_weights
from faceannot.training.stages import ClassifierRecipe, ClassifierStage, parse_classifier

RECIPE = Path(__file__).parent / "recipes" / "bundled-classifier.toml"


def train(prepared: Path, out: Path, recipe: ClassifierRecipe) -> keras.Model:
    """Train on every prepared source below `prepared`, one stage of the recipe after the other.

    `out/model.keras` is the network in float32, also returned; each stage keeps its history and checkpoint in a
    folder of its own, and a run that died goes on from there.
    """
    return train_on(CropPool([load(path.parent) for path in sorted(prepared.glob("*/examples.csv"))]), out, recipe)


def train_on(pool: CropPool, out: Path, recipe: ClassifierRecipe) -> keras.Model:
    """`train`, on crops that are at hand. Raises `DatasetError` where all of them show faces of a test part."""
    keras.utils.set_random_seed(recipe.stages[0].schedule.seed)
    usable = _usable(pool, recipe.draws.youngest_for_gender)
    with half_precision():
        network = _network(recipe, recipe.stages[0], for_training=True)
        for number, stage in enumerate(recipe.stages, start=1):
            folder = out / f"stage{number}"
            chances = _chances(pool, usable, stage, recipe.draws.power)
            said = _said(network, pool, chances, stage, folder)
            network = _fitting(network, recipe, stage)
            batches = DrawnBatches(pool, chances, stage.side_px, stage.schedule, stage.augmentation, said)
            fit(network, batches, stage.schedule, folder)
            if stage.mean_with:
                average(network, [out / f"stage{earlier}" for earlier in stage.mean_with])
    model = _network(recipe, recipe.stages[-1], for_training=False)
    model.set_weights(network.get_weights())
    model.save(out / "model.keras")
    return model


def _network(recipe: ClassifierRecipe, stage: ClassifierStage, *, for_training: bool) -> keras.Model:
    shape = asdict(recipe.network) | {"side_px": stage.side_px, "blocks": stage.blocks}
    return two_heads(**shape, for_training=for_training)


def _fitting(network: keras.Model, recipe: ClassifierRecipe, stage: ClassifierStage) -> keras.Model:
    """`network`, with the crops and the blocks of `stage`."""
    fitting = _network(recipe, stage, for_training=True)
    move_weights(network, fitting)
    return fitting


def _said(
    network: keras.Model, pool: CropPool, chances: NDArray[np.float64], stage: ClassifierStage, folder: Path
) -> Targets | None:
    """With the labels of `network`, which is still that of the stage before; None where nothing is to be added."""
    # A stage that is finished needs no labels any more, which take minutes.
    if not stage.own_labels or weights_of(folder).is_file():
        return None
    return with_own_labels(network, pool, np.flatnonzero(chances), stage, folder / "own_labels.npz")


def _chances(pool: CropPool, usable: NDArray[np.bool_], stage: ClassifierStage, power: float) -> NDArray[np.float64]:
    weights = usable * draw_weights(pool.examples, stage.shares, power)
    if not weights.any():
        raise DatasetError("there is nothing to learn from: every training face looks like one of a test part")
    return np.asarray(weights / weights.sum())


def _usable(pool: CropPool, youngest: int) -> NDArray[np.bool_]:
    """Crops (n,) to learn from: of the training part, old enough for their gender, and not of a test face."""
    wanted = [
        e.split == "train" and (e.expression is not None or e.age is None or e.age >= youngest) for e in pool.examples
    ]
    return np.array(wanted) & ~leaked(pool)


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
