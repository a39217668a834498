"""Trains the two-headed classifier on prepared crops: batches, masked losses, schedule, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from faceannot.datasets.example import Example
from faceannot.datasets.prepare import Prepared
from faceannot.records import EXPRESSIONS, GENDERS
from faceannot.training.augmentation import Strength, augment, central
from faceannot.training.stages import Schedule

FloatArray = NDArray[np.float32]
# For gender and expression: the shares of each label, and how much they count.
Targets: TypeAlias = tuple[list[FloatArray], list[FloatArray]]


class CropPool:
    """Crops and examples of several prepared sources, addressed as one list.

    `lost`: pictures of theirs in which no face was found.
    """

    def __init__(self, sources: Sequence[Prepared]) -> None:
        self.lost = sum(len(source.lost) for source in sources)
        self._crops = [source.crops for source in sources]
        self.examples: list[Example] = [example for source in sources for example in source.examples]
        self._places = [(part, row) for part, source in enumerate(sources) for row in range(len(source.examples))]

    def crop(self, index: int) -> NDArray[np.uint8]:
        part, row = self._places[index]
        return np.asarray(self._crops[part][row])


def targets(examples: Sequence[Example]) -> Targets:
    """Target shares for both heads (n, 2) and (n, 7), and their weights (n,): 0 where the label is missing."""
    genders = np.array([[float(e.gender == name) for name in GENDERS] for e in examples], np.float32)
    unknown = np.full(len(EXPRESSIONS), 1 / len(EXPRESSIONS))
    expressions = np.array([e.expression or unknown for e in examples], np.float32)
    known = [[e.gender is not None for e in examples], [e.expression is not None for e in examples]]
    weights = [np.array(flags, np.float32) for flags in known]
    genders[weights[0] == 0] = 1 / len(GENDERS)
    return [genders, expressions], weights


class DrawnBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented batches; which crops they hold depends on the seed, the epoch and the batch alone.

    `said`: what `targets` gives for the examples of `pool`, or that with further labels.
    """

    def __init__(
        self,
        pool: CropPool,
        chances: NDArray[np.float64],
        side_px: int,
        schedule: Schedule,
        strength: Strength,
        said: Targets | None = None,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._pool, self._side_px, self._schedule, self._strength = pool, side_px, schedule, strength
        self._labels, self._weights = said or targets(pool.examples)
        self._cumulative = np.cumsum(chances)
        self.epoch = 0

    def __len__(self) -> int:
        return self._schedule.steps

    def __getitem__(self, step: int) -> tuple[FloatArray, tuple[Any, ...], tuple[Any, ...]]:
        random = np.random.default_rng([self._schedule.seed, self.epoch, step])
        drawn = np.searchsorted(self._cumulative, random.random(self._schedule.batch) * self._cumulative[-1])
        crops = [augment(self._pool.crop(i), self._side_px, self._strength, random) for i in drawn]
        labels, weights = (tuple(part[drawn] for part in parts) for parts in (self._labels, self._weights))
        return np.stack(crops).astype(np.float32), labels, weights

    def on_epoch_end(self) -> None:
        self.epoch += 1


@keras.saving.register_keras_serializable("faceannot")
class WarmCosine(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """From 0 to `peak` over the first `warm` steps, then along a cosine to 0 at `total` steps."""

    def __init__(self, peak: float, warm: int, total: int) -> None:
        self._peak, self._warm, self._total = peak, warm, total

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        cosine = 0.5 * (1 + ops.cos(np.pi * ops.clip((step - self._warm) / (self._total - self._warm), 0, 1)))
        return self._peak * ops.minimum((step + 1) / self._warm, cosine)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self._peak, "warm": self._warm, "total": self._total}


@contextmanager
def half_precision() -> Iterator[None]:
    """Networks that are built inside compute in bfloat16 and keep their weights in float32."""
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy("float32")


def weights_of(folder: Path) -> Path:
    """Where a training in `folder` leaves its weights when it is finished."""
    return folder / "finished.weights.h5"


def fit(model: keras.Model, batches: DrawnBatches, schedule: Schedule, folder: Path) -> None:
    """Train the two-headed `model` in place; see `fit_averaged`."""
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=schedule.label_smoothing)
    fit_averaged(model, batches, schedule, folder, loss=[loss, loss], weighted_metrics=[["accuracy"], ["accuracy"]])


def fit_averaged(model: keras.Model, batches: Any, schedule: Schedule, folder: Path, **compiled: Any) -> None:
    """Train `model` in place and leave it with its averaged weights.

    `batches` has an attribute `epoch` that this sets; `compiled` goes to `Model.compile`. `folder` keeps a checkpoint
    of each epoch and `history.csv`, and a run that died goes on from there. A run that finished is not repeated.
    """
    finished = weights_of(folder)
    if finished.is_file():
        model.load_weights(finished)
        return
    total = schedule.epochs * schedule.steps
    optimiser = keras.optimizers.AdamW(
        WarmCosine(schedule.learning_rate, max(1, total // 20), total),
        weight_decay=schedule.weight_decay,
        global_clipnorm=1.0,
        use_ema=True,
        ema_momentum=schedule.ema,
    )
    optimiser.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    model.compile(optimiser, **compiled)
    folder.mkdir(parents=True, exist_ok=True)
    backup = keras.callbacks.BackupAndRestore(folder / "checkpoint", delete_checkpoint=False)
    history = keras.callbacks.CSVLogger(folder / "history.csv", append=True)
    follow = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(batches, "epoch", epoch))
    model.fit(batches, epochs=schedule.epochs, callbacks=[backup, history, follow], shuffle=False, verbose=2)
    optimiser.finalize_variable_values(model.trainable_variables)
    model.save_weights(finished)


def average(model: keras.Model, folders: Sequence[Path]) -> None:
    """Give `model` the mean of its weights and of those that trainings in `folders` left when they were finished.

    The running statistics of its normalisation are averaged like the rest.
    """
    weights = [model.get_weights()]
    for folder in folders:
        model.load_weights(weights_of(folder))
        weights.append(model.get_weights())
    model.set_weights([np.mean(parts, axis=0) for parts in zip(*weights, strict=True)])


def central_crops(pool: CropPool, indices: Sequence[int], side_px: int) -> NDArray[np.uint8]:
    """Unchanged crops (n, side_px, side_px, 3) as the classifier sees them."""
    return np.stack([central(pool.crop(index), side_px) for index in indices])
