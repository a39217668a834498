"""`faceannot train`: source data sets in, a bundle that labels out."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceannot.cli import training_options as shared
from faceannot.cli.exits import exit_codes
from faceannot.cli.options import Quiet

if TYPE_CHECKING:
    from faceannot.training.run import Order, Outcome


def train(
    name: shared.Name = None,
    data: shared.Data = None,
    out: shared.Out = None,
    recipe: shared.OwnRecipe = None,
    settings: shared.Settings = None,
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            min=2,
            metavar="K",
            help="Cross-validate with so many folds first: mean and spread.",
            rich_help_panel=shared.WHAT,
        ),
    ] = None,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Only draw what the augmentation does, and stop.", rich_help_panel=shared.WHAT),
    ] = False,
    resume: shared.Resume = False,
    overwrite: shared.Overwrite = False,
    cache: shared.Cache = None,
    model: shared.Model = None,
    quiet: Quiet = False,
) -> None:
    """Train a classifier by a recipe on source data sets; the result labels at once with `faceannot label --model DIR`.

    Needs the extra `train`. Where it was stopped, the same command with --resume goes on from the last whole epoch.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 130 stopped by Ctrl-C.
    """
    with exit_codes(on_stop=shared.GOES_ON):
        sources, folder = shared.needed(data, out)
        chosen = shared.chosen_recipe(name, recipe, settings)
        from faceannot.training.extra import require

        require()
        if not quiet:
            shared.warn_of_enlarging(chosen)
        from faceannot.training.run import Order

        _run(Order(chosen, sources, folder, cache, model, folds or 0, resume, overwrite), preview=preview, quiet=quiet)


def _run(order: Order, *, preview: bool, quiet: bool) -> None:
    from faceannot.cli.crop_progress import CropProgress
    from faceannot.cli.training_progress import TrainingProgress
    from faceannot.training.material import Watch
    from faceannot.training.run import show_preview, train

    # Keras writes to standard output, which is for data alone.
    with redirect_stdout(sys.stderr), CropProgress(hidden=quiet) as crops:
        watch = Watch(crops.show, crops.finish)
        if preview:
            typer.echo(show_preview(order, watch), err=True)
            return
        with TrainingProgress(hidden=quiet) as progress:
            outcome = train(order, progress.show, watch)
    if not quiet:
        _show(outcome, order.out)


def _show(outcome: Outcome, out: Path) -> None:
    from rich.console import Console

    from faceannot.cli.training_summary import folds_table, judged_table

    console = Console(stderr=True, highlight=False)
    if outcome.folds:
        console.print(folds_table(outcome.folds))
    if outcome.judged:
        console.print(judged_table(outcome.judged))
    typer.echo(f"The bundle is in {out}: faceannot label PHOTOS --model {out}", err=True)
