"""The `faceannot` command: its subcommands and `--version`."""

from __future__ import annotations

from typing import Annotated

import typer

from faceannot._version import __version__
from faceannot.cli.balance_report import balance_report
from faceannot.cli.compare import compare
from faceannot.cli.datasets import datasets
from faceannot.cli.evaluate import evaluate
from faceannot.cli.info import info
from faceannot.cli.label import label
from faceannot.cli.prepare import prepare
from faceannot.cli.recipes import recipes
from faceannot.cli.train import train
from faceannot.cli.tune import tune

app = typer.Typer(
    name="faceannot",
    help="Labels every face in photos: what gender and expression people would say the picture shows. "
    "It does not say who somebody is, how they see themselves or what they feel.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(label)
app.command()(evaluate)
app.command("balance-report")(balance_report)
app.command()(train)
app.command()(tune)
app.command()(compare)
app.command()(recipes)
app.command()(info)
app.command()(prepare)
app.add_typer(datasets, name="datasets")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"faceannot {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    pass
