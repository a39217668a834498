"""Makes the bundled detector: `python -m faceannot.training.detector.train LABELLED OUT --teacher FILE`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from faceannot.training.detector.distillation import Teacher
from faceannot.training.detector.labelled_photos import labelled_folders, load_labelled
from faceannot.training.detector.losses import detector_loss
from faceannot.training.detector.mosaics import Album, Canvas, canvas
from faceannot.training.detector.network import detector_network
from faceannot.training.detector.targets import build
from faceannot.training.detector.verify import train_verifier
from faceannot.training.export import export_onnx
from faceannot.training.fit import fit_averaged, half_precision
from faceannot.training.recipe_files import read_recipe
from faceannot.training.stages import DetectorRecipe, Schedule, parse_detector

FloatArray = NDArray[np.float32]
RECIPE = Path(__file__).parents[1] / "recipes" / "bundled-detector.toml"


class Canvases(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of mosaics and targets; what they hold depends on the seed, the epoch and the batch alone."""

    def __init__(self, album: Album, side_px: int, schedule: Schedule, teacher: Teacher | None) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._album, self._side_px, self._schedule, self._teacher = album, side_px, schedule, teacher
        self.epoch = 0

    def __len__(self) -> int:
        return self._schedule.steps

    def __getitem__(self, step: int) -> tuple[FloatArray, FloatArray]:
        random = np.random.default_rng([self._schedule.seed, self.epoch, step])
        made = [canvas(self._album, self._side_px, random) for _ in range(self._schedule.batch)]
        pictures = np.stack([one.rgb[:, :, ::-1] for one in made]).astype(np.float32)
        return pictures, np.stack([self._targets(one) for one in made])

    def _targets(self, made: Canvas) -> FloatArray:
        if self._teacher:
            return self._teacher.targets(made)
        return build(self._side_px, made.boxes, made.landmarks, made.ignored)


def train(labelled: Path, out: Path, teacher: Path, recipe: DetectorRecipe) -> None:
    """Train on every labelled source below `labelled`, one stage of the recipe after the other.

    `teacher`: the ONNX file that stages with `distilled` learn from. `out/detector.keras` and `out/detector.onnx` have
    YuNet's outputs; each stage keeps its history and checkpoint in a folder of its own, and a run that died goes on
    there. With a `verifier` in the recipe that comes last; see `train_verifier`.
    """
    photos = [photo for folder in labelled_folders(labelled) for photo in load_labelled(folder)]
    album = Album.of(photos, recipe.shares, recipe.whole_shares)
    keras.utils.set_random_seed(recipe.stages[0].schedule.seed)
    with half_precision():
        network = detector_network(**asdict(recipe.network), for_training=True)
        for number, stage in enumerate(recipe.stages, start=1):
            batches = Canvases(album, recipe.canvas_px, stage.schedule, Teacher(teacher) if stage.distilled else None)
            fit_averaged(network, batches, stage.schedule, out / f"stage{number}", loss=detector_loss)
    model = detector_network(**asdict(recipe.network), for_training=False)
    for layer in network.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    model.save(out / "detector.keras")
    export_onnx(model, out / "detector.onnx", channels_first_input=True, half=True, bytewise=True)
    if recipe.verifier:
        train_verifier(labelled, out / "detector.onnx", out, recipe.verifier)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path, help="folder of labelled sources, as label_photos leaves it")
    parser.add_argument("out", type=Path, help="folder for the model, the history and the checkpoints")
    parser.add_argument("--teacher", type=Path, required=True, help="YuNet's ONNX file")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    arguments = parser.parse_args()
    recipe = parse_detector(read_recipe(arguments.recipe).table, str(arguments.recipe))
    train(arguments.labelled, arguments.out, arguments.teacher, recipe)


if __name__ == "__main__":
    main()
