"""`faceannot train`: source data sets in, a bundle that labels out."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceannot.cli.exits import exit_codes
from faceannot.errors import UsageError

if TYPE_CHECKING:
    from faceannot.training.recipe_files import RecipeFile
    from faceannot.training.run import Outcome

WHAT, WHERE, HOW = "What to train", "Where it goes", "How to run"


def train(
    name: Annotated[
        str | None, typer.Argument(metavar="[RECIPE]", help="Name of a recipe; `faceannot recipes` lists them.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="KIND:PATH",
            help="A source data set; as often as there are sources. `prepared:DIR` takes crops that were made before.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for the bundle, with its figures and plots.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe", metavar="FILE.toml", help="A recipe of your own, in place of a name.", rich_help_panel=WHAT
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change the recipe: `epochs=3`, `steps.unified.epochs=3`, `backbone=residual`; as often as needed.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(
            "--folds",
            min=0,
            metavar="K",
            help="Cross-validate with so many folds first: mean and spread.",
            rich_help_panel=WHAT,
        ),
    ] = 0,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only draw what the augmentation does, and stop.", rich_help_panel=WHAT)
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training that was stopped.", rich_help_panel=WHERE)
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew where a training is already.", rich_help_panel=WHERE)
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the aligned crops.", show_default="beside --out", rich_help_panel=WHERE
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Another bundle than the one that comes with faceannot, for its detector.",
            rich_help_panel=HOW,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only errors on standard error.", rich_help_panel=HOW)
    ] = False,
) -> None:
    """Train a classifier by a recipe on source data sets; the result labels at once with `faceannot label --model DIR`.

    Needs the extra `train`. Where it was stopped, the same command with --resume goes on from the last whole epoch.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 130 stopped by Ctrl-C.
    """
    with exit_codes(on_stop="stopped; the same command with --resume goes on from the last whole epoch."):
        if out is None or not data:
            raise UsageError("a training needs --data KIND:PATH, at least once, and --out DIR")
        chosen = _chosen(name, recipe, settings or [])
        order: dict[str, Any] = {
            "cache": cache,
            "model": model,
            "folds": folds,
            "resume": resume,
            "overwrite": overwrite,
        }
        _run(chosen, data, out, order, preview=preview, quiet=quiet)


def _chosen(name: str | None, recipe: Path | None, settings: list[str]) -> RecipeFile:
    from faceannot.training.recipe import parse
    from faceannot.training.recipe_files import changed, open_recipe, read_recipe

    if (name is None) == (recipe is None):
        raise UsageError("name a recipe, or give a file of your own with --recipe; `faceannot recipes` lists them")
    file = changed(open_recipe(name) if name is not None else read_recipe(recipe or Path()), settings)
    if not file.has_stages:
        parse(file.table, file.origin)
    return file


def _run(file: RecipeFile, data: list[str], out: Path, order: dict[str, Any], *, preview: bool, quiet: bool) -> None:
    from faceannot.training.extra import require

    require()
    from faceannot.cli.training_progress import TrainingProgress
    from faceannot.training.run import Order, show_preview, train

    wanted = Order(file, data, out, **order)
    # Keras writes to standard output, which is for data alone.
    with redirect_stdout(sys.stderr):
        if preview:
            typer.echo(show_preview(wanted), err=True)
            return
        with TrainingProgress(hidden=quiet) as progress:
            outcome = train(wanted, progress.show)
    if not quiet:
        _show(outcome, out)


def _show(outcome: Outcome, out: Path) -> None:
    from rich.console import Console

    from faceannot.cli.training_summary import folds_table, judged_table

    console = Console(stderr=True, highlight=False)
    if outcome.folds:
        console.print(folds_table(outcome.folds))
    if outcome.judged:
        console.print(judged_table(outcome.judged))
    typer.echo(f"The bundle is in {out}: faceannot label PHOTOS --model {out}", err=True)
