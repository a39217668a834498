"""Trains one model epoch by epoch, so that a training killed at any moment goes on to the same weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras

from faceannot.errors import UsageError
from faceannot.plain_files import shortened
from faceannot.training.batches import EpochBatches
from faceannot.training.fit import WarmCosine
from faceannot.training.recipe import TrainingSchedule

Row = dict[str, float]
FINISHED, HISTORY = "finished.weights.h5", "history.json"
_NOW, _BEST, _STATE = "now.weights.h5", "best.weights.h5", "state.json"


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a training is: so many batches of an epoch done, of so many; `figures` at the end of an epoch."""

    step: str
    epoch: int
    epochs: int
    batch: int
    batches: int
    figures: Row | None = None


Tell = Callable[[Moment], None]


@dataclass
class _State:
    """What a stopped training needs beside the weights."""

    epoch: int = 0
    best_epoch: int = 0
    history: list[Row] = field(default_factory=list)

    def is_over(self, schedule: TrainingSchedule) -> bool:
        tired = bool(schedule.early_stopping) and self.epoch - self.best_epoch >= schedule.early_stopping
        return self.epoch >= schedule.epochs or tired


def fit_epochs(
    model: keras.Model,
    batches: EpochBatches,
    validation: EpochBatches,
    schedule: TrainingSchedule,
    folder: Path,
    tell: Tell,
    **compiled: Any,
) -> list[Row]:
    """Train `model` in place; a row of figures for each epoch.

    `compiled` goes to `Model.compile`. `folder`, whose name is the step's, keeps the last finished epoch, from which a
    run that died goes on, and in the end the weights. A training that finished is not repeated.
    """
    if (folder / FINISHED).is_file():
        load_weights(model, folder / FINISHED)
        with _kept_in(folder / HISTORY):
            return _rows(json.loads((folder / HISTORY).read_text()))
    folder.mkdir(parents=True, exist_ok=True)
    model.compile(_optimiser(schedule, len(batches)), **compiled)
    model.optimizer.build(model.trainable_variables)
    state = _restored(model, folder)
    if not state.is_over(schedule):
        keeper = _Keeper(state, batches, schedule, folder, tell)
        model.fit(
            batches,
            validation_data=validation,
            initial_epoch=state.epoch,
            epochs=schedule.epochs,
            callbacks=[keeper],
            shuffle=False,
            verbose=0,
        )
    if schedule.early_stopping:
        load_weights(model, _place(folder, state.epoch) / _BEST)
    _finish(model, state, folder)
    return state.history


def _finish(model: keras.Model, state: _State, folder: Path) -> None:
    (folder / HISTORY).write_text(json.dumps(state.history, indent=1))
    partial = folder / f"partial.{FINISHED}"
    model.save_weights(partial)
    partial.replace(folder / FINISHED)
    for old in folder.glob("epoch-*"):
        shutil.rmtree(old)


def _optimiser(schedule: TrainingSchedule, batches: int) -> Any:
    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }
    total = batches * schedule.epochs
    cosine = WarmCosine(schedule.learning_rate, max(1, total // 20), total)
    options: dict[str, Any] = {"momentum": 0.9} if schedule.optimiser == "sgd" else {}
    if schedule.weight_decay:
        options["weight_decay"] = schedule.weight_decay
    made = kinds[schedule.optimiser](cosine if schedule.decay == "cosine" else schedule.learning_rate, **options)
    if schedule.weight_decay:
        made.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return made


class _Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets what each epoch draws, keeps each finished epoch on disk, and stops early."""

    def __init__(
        self, state: _State, batches: EpochBatches, schedule: TrainingSchedule, folder: Path, tell: Tell
    ) -> None:
        super().__init__()
        self._state, self._batches, self._schedule = state, batches, schedule
        self._folder, self._tell = folder, tell

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._batches.epoch = epoch
        # What dropout draws is no part of a model's weights.
        for layer in self.model.layers:
            if hasattr(layer, "seed_generator"):
                layer.seed_generator.state.assign([self._schedule.seed, epoch * 2**16])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tell(self._moment(batch + 1))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        row = {"epoch": float(epoch + 1)} | {name: round(float(value), 6) for name, value in (logs or {}).items()}
        state, best = self._state, min((old["val_loss"] for old in self._state.history), default=float("inf"))
        state.epoch, state.history = epoch + 1, [*state.history, row]
        improved = not row["val_loss"] >= best
        if improved:
            state.best_epoch = epoch + 1
        _save(self.model, state, self._folder, improved=improved)
        self.model.stop_training = state.is_over(self._schedule)
        self._tell(self._moment(len(self._batches), row))

    def _moment(self, batch: int, figures: Row | None = None) -> Moment:
        epoch = self._batches.epoch + 1
        return Moment(self._folder.name, epoch, self._schedule.epochs, batch, len(self._batches), figures)


def _place(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch:05}"


def _save(model: keras.Model, state: _State, folder: Path, *, improved: bool) -> None:
    """Keep an epoch, whole or not at all, then forget the one before."""
    place, before = _place(folder, state.epoch), _place(folder, state.epoch - 1)
    partial = place.with_name("partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    model.save_weights(partial / _NOW)
    shutil.copyfile(partial / _NOW if improved else before / _BEST, partial / _BEST)
    (partial / _STATE).write_text(json.dumps(asdict(state)))
    partial.rename(place)
    shutil.rmtree(before, ignore_errors=True)


def _restored(model: keras.Model, folder: Path) -> _State:
    """The last epoch that was kept, its weights put into `model`."""
    kept = sorted(folder.glob("epoch-*"))
    if not kept:
        return _State()
    load_weights(model, kept[-1] / _NOW)
    with _kept_in(kept[-1] / _STATE):
        found = json.loads((kept[-1] / _STATE).read_text())
        return _State(int(found["epoch"]), int(found["best_epoch"]), _rows(found["history"]))


def load_weights(model: keras.Model, path: Path) -> None:
    """Put the weights in `path` into `model`. Raises `UsageError` where they are damaged or of another network.

    Keras reads plain arrays from the file, follows no link out of it and makes no object from it.
    """
    with _kept_in(path):
        model.load_weights(path)


@contextmanager
def _kept_in(path: Path) -> Iterator[None]:
    """Turn what a damaged file of a training raises, which can be anything, into words."""
    try:
        yield
    except Exception as error:
        reason = shortened(" ".join(str(error).split()), 300)
        raise UsageError(f"{path}: damaged, or of another training ({reason}); --overwrite begins anew") from error


def _rows(history: Any) -> list[Row]:
    return [{str(name): float(figure) for name, figure in row.items()} for row in history]
