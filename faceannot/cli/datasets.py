"""`faceannot datasets`: the kinds of source data, and files of one kind made from another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceannot.cli.exits import exit_codes

if TYPE_CHECKING:
    from faceannot.datasets.sources import Kind

datasets = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")
make = typer.Typer(no_args_is_help=True)
datasets.add_typer(make, name="make", help="Write a data set of one kind from another.")


@datasets.callback()
def list_kinds(context: typer.Context) -> None:
    """List the kinds of source data that `--data KIND:PATH` reads, with the layout of each and its options.

    A PATH alone is enough where the kind can be told from it. Options follow the path: `utkface:PATH?min-age=18`.
    """
    if context.invoked_subcommand is None:
        with exit_codes():
            from faceannot.datasets.sources import KINDS

            typer.echo("--data KIND:PATH, or PATH; options follow as KIND:PATH?NAME=VALUE&NAME=VALUE\n")
            typer.echo("\n\n".join(map(_described, KINDS.values())))


@make.command("happy-h5")
def make_happy_h5(
    out: Annotated[Path, typer.Argument(metavar="OUT.h5", help="File to write, such as train_happy.h5.")],
    source: Annotated[
        str, typer.Option("--from", metavar="KIND:PATH", help="Source with happy and sad faces, such as rafdb:PATH.")
    ],
    size: Annotated[int, typer.Option(min=2, metavar="N", help="Pictures, half of them happy and half sad.")] = 600,
    only: Annotated[
        Literal["male", "female"] | None,
        typer.Option(help="Take only pictures whose face has this gender for the model.", show_default="both"),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another bundle than the one that comes with faceannot.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")] = False,
) -> None:
    """Write a training file like the published 600 happy and not happy faces: HDF5, 64x64 pixels.

    With `--only male` it has the flaw of the published set, too: a set for emotions without women.
    """
    with exit_codes():
        from faceannot.annotator import Annotator
        from faceannot.datasets.make_happy_h5 import make_happy_h5 as run
        from faceannot.datasets.sources import clean_sources, parse_source

        (cleaned,) = clean_sources([parse_source(source)])
        run(cleaned.examples, out, size=size, only=only, annotator=Annotator(model=model), overwrite=overwrite)
        typer.echo(f"{out}: {size} pictures", err=True)


def _described(kind: Kind) -> str:
    lines = [f"{kind.name}: {kind.help}", *kind.layout.splitlines()]
    lines += [f"?{option.name}=...    {option.help}" for option in (*kind.options, *kind.ages)]
    return "\n    ".join(lines)
