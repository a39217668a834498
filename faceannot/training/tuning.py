"""Searches for better values of a recipe with Optuna; trials are kept in SQLite, and a search that stopped goes on."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from faceannot.bundle import load_bundle
from faceannot.errors import FaceannotError, OutputError, UsageError
from faceannot.training.epochs import Tell
from faceannot.training.folds import named, validation_figures
from faceannot.training.material import UNWATCHED, Material, Watch, gather
from faceannot.training.recipe import parse
from faceannot.training.recipe_files import RecipeFile, changed
from faceannot.training.run import Order, pool_of
from faceannot.training.steps import run_steps
from faceannot.training.workplace import TRIALS, begin, check_place, occupied, writing

STORE, TABLE, BEST = "tuning.db", "trials.csv", "best.toml"
USUAL = ("learning_rate=0.0001..0.01", "batch=16,32,64", "dropout=0.0..0.5")
_RANGE = re.compile(r"([^,]+)\.\.([^,]+)")


@dataclass(frozen=True, slots=True)
class Search:
    """Where a value is searched: in a range, `low` to `high`, or among `choices`; all as they are written."""

    key: str
    low: str = ""
    high: str = ""
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.key}={','.join(self.choices) or f'{self.low}..{self.high}'}"

    def suggest(self, trial: Any) -> str:
        """The setting `KEY=VALUE` for a trial of Optuna's."""
        if self.choices:
            return f"{self.key}={trial.suggest_categorical(self.key, list(self.choices))}"
        if self.low.isdigit() and self.high.isdigit():
            return f"{self.key}={trial.suggest_int(self.key, int(self.low), int(self.high))}"
        low, high = float(self.low), float(self.high)
        # Over orders of magnitude, each is as likely as the next.
        return f"{self.key}={trial.suggest_float(self.key, low, high, log=low > 0 and high / low >= 10)}"


@dataclass(frozen=True, slots=True)
class Best:
    """The best trial: its mean balanced accuracy on the validation faces, its settings, and how many were tried."""

    score: float
    settings: tuple[str, ...]
    trials: int


def parse_search(text: str) -> Search:
    """`KEY=LOW..HIGH` or `KEY=A,B,C`. Raises `UsageError` for anything else."""
    key, _, values = text.partition("=")
    found = _RANGE.fullmatch(values)
    try:
        if key and found and -math.inf < float(found[1]) < float(found[2]) < math.inf:
            return Search(key, found[1], found[2])
    except ValueError:
        pass
    if not key or not values or found:
        raise UsageError(f"--search {text}: expected KEY=LOW..HIGH with two numbers, or KEY=A,B,C")
    return Search(key, choices=tuple(values.split(",")))


def tune(order: Order, searches: Sequence[Search], trials: int, tell: Tell, watch: Watch = UNWATCHED) -> Best:
    """Train the recipe of `order` with values from `searches` until there are `trials`; leaves table and best recipe.

    Scores are of the validation faces alone. Raises `UsageError` where a value does not fit the recipe.
    """
    optuna = _optuna()
    try:
        with writing(order.out):
            check_place(order.out, resume=order.resume, overwrite=order.overwrite)
            with occupied(order.out):
                return _searched(order, searches, trials, tell, watch, optuna)
    except optuna.exceptions.StorageInternalError as error:
        raise OutputError(f"{order.out / STORE} cannot be written: {error}") from error


def _searched(order: Order, searches: Sequence[Search], trials: int, tell: Tell, watch: Watch, optuna: Any) -> Best:
    material = gather(order.data, order.crops, load_bundle(order.model).detector, watch)
    begin(order.out, order.recipe, material.described(), overwrite=order.overwrite, products=[STORE, TABLE, BEST])
    study = optuna.create_study(
        storage=f"sqlite:///{(order.out / STORE).absolute()}",
        study_name=order.recipe.table["name"],
        direction="maximize",
        load_if_exists=True,
    )
    _check_same(study, searches, order.out)
    study.sampler = optuna.samplers.TPESampler(seed=len(study.trials))
    _take_up(study, optuna)
    done = sum(trial.state.is_finished() and trial.value is not None for trial in study.trials)
    study.optimize(partial(_score, order, material, searches, tell), n_trials=max(0, trials - done))
    return _leave(order, study)


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise FaceannotError("tuning needs optuna, which is not installed: pip install 'faceannot[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _check_same(study: Any, searches: Sequence[Search], out: Path) -> None:
    """Raise `UsageError` where the study that goes on searched elsewhere: its trials say nothing of other ranges."""
    asked = [str(search) for search in searches]
    earlier = study.user_attrs.get("searches")
    if earlier is None:
        study.set_user_attr("searches", asked)
    elif earlier != asked:
        was = " ".join(f"--search {search}" for search in earlier)
        raise UsageError(f"{out}: was begun with {was}; --overwrite begins anew")


def _take_up(study: Any, optuna: Any) -> None:
    """Queue again what a killed search was trying; its folder has the epochs that were done."""
    for trial in study.trials:
        if trial.state == optuna.trial.TrialState.RUNNING:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            study.enqueue_trial(trial.params)


def _score(order: Order, material: Material, searches: Sequence[Search], tell: Tell, trial: Any) -> float:
    settings = [search.suggest(trial) for search in searches]
    trial.set_user_attr("settings", settings)
    file = changed(order.recipe, settings)
    recipe = parse(file.table, file.origin)
    pool = pool_of(recipe, material)
    name = hashlib.sha256(" ".join(settings).encode()).hexdigest()[:16]
    steps = run_steps(recipe, pool, order.out / TRIALS / name, named(tell, f"trial {trial.number + 1}"))
    rows = validation_figures(recipe, pool, steps[-1])
    return float(np.mean([row["balanced_accuracy"] for row in rows]))


def _leave(order: Order, study: Any) -> Best:
    """Write every trial into a table and the best into a recipe."""
    scored = [trial for trial in study.trials if trial.value is not None]
    with (order.out / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("trial", "balanced_accuracy", "settings"))
        writer.writerows(
            (trial.number + 1, f"{trial.value:.4f}", " ".join(trial.user_attrs["settings"])) for trial in scored
        )
    settings = tuple(study.best_trial.user_attrs["settings"])
    best: RecipeFile = changed(order.recipe, settings)
    (order.out / BEST).write_text(best.text, encoding="utf-8")
    return Best(float(study.best_value), settings, len(scored))
