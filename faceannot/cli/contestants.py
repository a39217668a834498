"""What `faceannot compare` is to put side by side: names, files and folders to recipes and bundles, checked."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faceannot.bundle import bundled_folder, load_bundle
from faceannot.errors import UsageError
from faceannot.training.recipe import parse
from faceannot.training.recipe_files import RecipeFile, changed, open_recipe, read_recipe, shipped

BUNDLED = "bundled"
_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Contestant:
    """The folder of a bundle, and the recipe that makes it, if one has to."""

    folder: Path
    recipe: RecipeFile | None = None


def contestants(named: Sequence[str], work: Path | None, settings: Sequence[str]) -> list[Contestant]:
    """What each of `named` means; recipes are changed by `settings` and get a folder in `work`.

    Raises `UsageError` for what is neither, `BundleError` for a bundle that does not fit.
    """
    found = [_contestant(text, work, settings) for text in named]
    taken: dict[Path, str] = {}
    for text, one in zip(named, found, strict=True):
        if (folder := one.folder.resolve()) in taken:
            raise UsageError(f"{text}: the same as {taken[folder]}; name each recipe and each bundle once")
        taken[folder] = text
    return found


def _contestant(text: str, work: Path | None, settings: Sequence[str]) -> Contestant:
    if text in shipped() or text.endswith(".toml"):
        return _recipe(open_recipe(text) if text in shipped() else read_recipe(Path(text)), work, settings)
    # Path raises where os.path says False: a name that is too long, a folder that may not be entered.
    if text != BUNDLED and not os.path.isdir(text):  # noqa: PTH112
        raise UsageError(
            f"{text}: no recipe and no folder of a bundle; `faceannot recipes` lists the recipes, "
            f"and {BUNDLED} is the bundle that comes with faceannot"
        )
    folder = bundled_folder() if text == BUNDLED else Path(text)
    load_bundle(folder)
    return Contestant(folder)


def _recipe(file: RecipeFile, work: Path | None, settings: Sequence[str]) -> Contestant:
    if work is None:
        raise UsageError(f"{file.origin}: needs --work DIR to be trained in")
    file = changed(file, settings)
    if "canvas_px" in file.table:
        raise UsageError(f"{file.origin}: makes a detector; only classifiers can be compared")
    if not file.has_stages:
        parse(file.table, file.origin)
    name = str(file.table.get("name", ""))
    if not _FOLDER_NAME.fullmatch(name):
        raise UsageError(f"{file.origin}: name: {name!r} is no name for a folder; use letters, digits and hyphens")
    return Contestant(work / name, file)
