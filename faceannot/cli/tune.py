"""`faceannot tune`: searches for better values of a recipe."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from faceannot.cli import training_options as shared
from faceannot.cli.exits import exit_codes
from faceannot.cli.options import Quiet
from faceannot.errors import UsageError


def tune(
    name: shared.Name = None,
    data: shared.Data = None,
    out: shared.Out = None,
    recipe: shared.OwnRecipe = None,
    settings: shared.Settings = None,
    trials: Annotated[
        int, typer.Option("--trials", min=1, metavar="N", help="How many to try, in all.", rich_help_panel=shared.WHAT)
    ] = 20,
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="KEY=LOW..HIGH",
            help="Where to search, or `KEY=A,B,C`; as often as needed.",
            show_default="learning_rate, batch and dropout",
            rich_help_panel=shared.WHAT,
        ),
    ] = None,
    resume: shared.Resume = False,
    overwrite: shared.Overwrite = False,
    cache: shared.Cache = None,
    model: shared.Model = None,
    quiet: Quiet = False,
) -> None:
    """Search with Optuna for values with which a recipe does better on the validation faces.

    Needs the extra `tune`. The best recipe is `best.toml` in --out, for `faceannot train --recipe`; all trials are in
    `trials.csv`. With --resume a search goes on, up to --trials in all.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 130 stopped by Ctrl-C.
    """
    with exit_codes(on_stop=shared.GOES_ON):
        sources, folder = shared.needed(data, out)
        chosen = shared.chosen_recipe(name, recipe, settings)
        if chosen.has_stages:
            raise UsageError(f"{chosen.origin}: only recipes with [[steps]] can be tuned")
        from faceannot.training.extra import require

        require()
        if not quiet:
            shared.warn_of_enlarging(chosen)
        from faceannot.cli.crop_progress import CropProgress
        from faceannot.cli.training_progress import TrainingProgress
        from faceannot.training import tuning
        from faceannot.training.material import Watch
        from faceannot.training.run import Order

        searches = [tuning.parse_search(text) for text in search or tuning.USUAL]
        order = Order(chosen, sources, folder, cache, model, resume=resume, overwrite=overwrite)
        with (
            redirect_stdout(sys.stderr),
            CropProgress(hidden=quiet) as crops,
            TrainingProgress(hidden=quiet) as progress,
        ):
            best = tuning.tune(order, searches, trials, progress.show, Watch(crops.show, crops.finish))
        if not quiet:
            said = f"best of {best.trials}: {best.score:.1%} balanced accuracy with {' '.join(best.settings)}"
            typer.echo(f"{said}; train it with --recipe {folder / tuning.BEST}", err=True)
