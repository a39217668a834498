"""The folder of a training: who may write there, what goes on from where it stopped, what is replaced."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faceannot.bundle import DESCRIPTION
from faceannot.errors import OutputError, UsageError
from faceannot.outputs.locking import open_locked
from faceannot.outputs.sink import cannot_write
from faceannot.training.recipe_files import RecipeFile, read_recipe

RECIPE, DATA, TIME = "recipe.toml", "data.json", "training_time.json"
STEPS, FOLDS, TRIALS = "steps", "folds", "trials"
PREVIEW = "augmentation_preview.png"
_LOCK = ".training.lock"


def check_place(out: Path, *, resume: bool, overwrite: bool) -> None:
    """Raise `OutputError` unless a training may begin or go on in `out`."""
    if resume and overwrite:
        raise UsageError("--resume goes on with a training and --overwrite begins anew: use one of them")
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: is a file; a training needs a folder")
    if not _left_in(out):
        return
    if not (out / RECIPE).is_file() or not (out / DATA).is_file():
        raise OutputError(f"{out}: holds files that no training made; choose another folder")
    if not resume and not overwrite:
        raise OutputError(f"{out}: a training is there already; --resume goes on with it, --overwrite begins anew")


def is_finished(out: Path) -> bool:
    """Whether the bundle in `out` is whole: its description comes last."""
    return (out / DESCRIPTION).is_file()


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn what the system says against writing in `out` into `OutputError`."""
    try:
        yield
    except BrokenPipeError:
        raise  # who reads the progress has seen enough
    except OSError as error:
        raise cannot_write(str(error.filename or out), error) from error


@contextmanager
def occupied(out: Path) -> Iterator[None]:
    """Keep others from training in `out` at the same time. Raises `OutputError` where somebody does."""
    out.mkdir(parents=True, exist_ok=True)
    with open_locked(out / _LOCK, used_for=str(out)):
        try:
            yield
        finally:
            (out / _LOCK).unlink(missing_ok=True)


def begin(out: Path, recipe: RecipeFile, data: dict[str, Any], *, overwrite: bool, products: list[str]) -> None:
    """Write down in `out` what is trained on what, or check that a training that goes on is the same.

    `overwrite` first removes what an earlier training left, `products` and all. Raises `UsageError` for another recipe,
    other data or another detector.
    """
    if overwrite:
        _clear(out, [*products, RECIPE, DATA, TIME])
    if (out / RECIPE).is_file():
        _check_same(out, recipe, data)
        return
    (out / DATA).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    (out / RECIPE).write_text(recipe.text, encoding="utf-8")


@contextmanager
def timed(out: Path) -> Iterator[None]:
    """Add how long this sitting takes, however it ends, to the time that the training in `out` has taken."""
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds = (training_seconds(out) or 0.0) + time.perf_counter() - began
        (out / TIME).write_text(json.dumps({"seconds": round(seconds, 1)}) + "\n", encoding="utf-8")


def training_seconds(folder: Path) -> float | None:
    """How long the training that left the bundle in `folder` took, None where that is not known."""
    try:
        return float(json.loads((folder / TIME).read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def approach(folder: Path) -> str:
    """What the recipe that left the bundle in `folder` says of itself, empty where there is none."""
    try:
        return str(read_recipe(folder / RECIPE).table.get("approach", ""))
    except UsageError:
        return ""


def _left_in(out: Path) -> bool:
    return out.is_dir() and any(path.name not in (PREVIEW, _LOCK) for path in out.iterdir())


def _clear(out: Path, names: list[str]) -> None:
    for name in names:
        (out / name).unlink(missing_ok=True)
    for name in (STEPS, FOLDS, TRIALS):
        if (out / name).is_dir():
            shutil.rmtree(out / name)


def _check_same(out: Path, recipe: RecipeFile, data: dict[str, Any]) -> None:
    if read_recipe(out / RECIPE).table != recipe.table:
        raise UsageError(f"{out}: was begun with another recipe, or other --set; --overwrite begins anew")
    sources, detector = _earlier(out / DATA)
    # A source may have moved, but must hold the same.
    if sources != [one["sha256"] for one in data["sources"]]:
        raise UsageError(f"{out}: was begun on other data; --overwrite begins anew")
    if detector != data["detector_sha256"]:
        raise UsageError(f"{out}: was begun with the detector of another --model; --overwrite begins anew")


def _earlier(path: Path) -> tuple[list[str], str]:
    """The SHA-256 of each source of a training, and of its detector, as `begin` left them."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [one["sha256"] for one in found["sources"]], found["detector_sha256"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{path}: damaged ({error}); --overwrite begins anew") from error
