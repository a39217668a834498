"""`faceannot recipes`: which trainings there are, and what is in each."""

from __future__ import annotations

from typing import Annotated

import typer

from faceannot.cli.exits import exit_codes


def recipes(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show this recipe's file: a start for one of your own.")
    ] = None,
) -> None:
    """List the recipes that `faceannot train` knows, each with its approach, or show one."""
    with exit_codes():
        from faceannot.training.recipe_files import open_recipe, shipped

        if name is not None:
            typer.echo(open_recipe(name).text, nl=False)
            return
        width = max(map(len, shipped()))
        for known in shipped():
            typer.echo(f"{known:{width}}  {open_recipe(known).table['approach']}")
