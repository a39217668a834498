"""The options that `train` and `tune` share, and how they become an order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceannot.cli.options import RUN
from faceannot.errors import UsageError

if TYPE_CHECKING:
    from faceannot.training.recipe_files import RecipeFile

WHAT, WHERE = "What to train", "Where it goes"

Name = Annotated[
    str | None, typer.Argument(metavar="[RECIPE]", help="Name of a recipe; `faceannot recipes` lists them.")
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="KIND:PATH",
        help="A source data set; as often as there are sources. `prepared:DIR` takes crops that were made before.",
        rich_help_panel=WHAT,
    ),
]
OwnRecipe = Annotated[
    Path | None,
    typer.Option(
        "--recipe", metavar="FILE.toml", help="A recipe of your own, in place of a name.", rich_help_panel=WHAT
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change the recipe: `epochs=3`, `steps.unified.epochs=3`, `backbone=residual`; as often as needed.",
        rich_help_panel=WHAT,
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder for what comes out.", rich_help_panel=WHERE)
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where it was stopped.", rich_help_panel=WHERE)]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Begin anew where a training is already.", rich_help_panel=WHERE)
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Folder for the aligned crops.",
        show_default="beside --out",
        rich_help_panel=WHERE,
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="DIR",
        help="Another bundle than the one that comes with faceannot, for its detector.",
        rich_help_panel=RUN,
    ),
]
GOES_ON = "stopped; the same command with --resume goes on from the last whole epoch."


def chosen_recipe(name: str | None, own: Path | None, settings: list[str] | None) -> RecipeFile:
    """The recipe that a person named, changed and checked. Raises `UsageError` in words."""
    from faceannot.training.recipe import parse
    from faceannot.training.recipe_files import changed, open_recipe, read_recipe
    from faceannot.training.stages import parse_stages

    if (name is None) == (own is None):
        raise UsageError("name a recipe, or give a file of your own with --recipe; `faceannot recipes` lists them")
    file = changed(read_recipe(own) if own else open_recipe(name or ""), settings or [])
    if file.has_stages:
        parse_stages(file.table, file.origin)
    else:
        parse(file.table, file.origin)
    return file


def warn_of_enlarging(recipe: RecipeFile) -> None:
    """Say on standard error where the network wants more pixels than the crops have."""
    from faceannot.training.augmentation import SHARP_PX

    side_px = recipe.table.get("network" if recipe.has_stages else "pictures", {}).get("side_px", 0)
    if side_px > SHARP_PX:
        typer.echo(
            f"warning: side_px is {side_px}, and prepared crops have {SHARP_PX} pixels for what the network sees: "
            "they are enlarged, which adds nothing",
            err=True,
        )


def needed(data: list[str] | None, out: Path | None) -> tuple[list[str], Path]:
    """Sources and folder, or a `UsageError`."""
    if not data or out is None:
        raise UsageError("needs --data KIND:PATH, at least once, and --out DIR")
    return data, out
