"""`faceannot compare`: several recipes and bundles on the same faces, in one table and one report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceannot.cli.exits import exit_codes
from faceannot.cli.options import OUTPUT, RUN, JsonFile, PageFile, Quiet, Threads
from faceannot.cli.reports import SplitName, check_targets, save, save_json

if TYPE_CHECKING:
    from faceannot.evaluation.comparison import Comparison

WHAT, TRAINING = "What to compare", "How recipes are trained"


def compare(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE|DIR...",
            help="Names of recipes or `.toml` files, which are trained; folders of bundles, which are taken as they "
            "are; `bundled` for the bundle that comes with faceannot.",
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(
            metavar="KIND:PATH",
            help="A source data set to judge all of them on; as often as there are sources.",
            rich_help_panel=WHAT,
        ),
    ],
    split: Annotated[
        SplitName, typer.Option(help="The part of the data to judge on.", rich_help_panel=WHAT)
    ] = SplitName.TEST,
    genders_from_model: Annotated[
        bool,
        typer.Option(
            "--genders-from-model",
            help="Where the data do not say who is a woman or a man, divide faces by what the model of --model takes "
            "them for, marked as such.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    train_data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:PATH",
            help="A source data set to train each recipe on; `prepared:DIR` takes crops that were made before.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the trainings, one inside for each recipe.", rich_help_panel=TRAINING
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change each recipe, as with `faceannot train`: `epochs=3`.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Keep the trainings that are finished in --work, go on with one that was stopped.",
            rich_help_panel=TRAINING,
        ),
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the aligned crops.", show_default="in --work", rich_help_panel=TRAINING
        ),
    ] = None,
    out: PageFile = None,
    json_out: JsonFile = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.md", help="Write the tables as Markdown, with this command.", rich_help_panel=OUTPUT
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace reports that exist and, without --resume, begin the trainings anew.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Another bundle than the one that comes with faceannot, for the detector of the trained ones and for "
            "--genders-from-model.",
            rich_help_panel=RUN,
        ),
    ] = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Train several recipes, take bundles as they are, and put them side by side on the same held-out faces.

    Women and men apart, with 95 % intervals, the faces that each of them lost, its size and the time it was trained.
    A model that has no answer to a question shows a dash. Training needs the extra `train`.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 130 stopped by Ctrl-C.
    """
    stopped = "stopped; the same command with --resume keeps what is trained and goes on."
    with exit_codes(on_stop=stopped if work else "stopped."):
        from faceannot.cli.comparing import Comparing

        comparing = Comparing(
            models=models,
            data=data,
            split=split.value,
            train_data=train_data or [],
            work=work,
            settings=settings or [],
            cache=cache,
            model=model,
            genders_from_model=genders_from_model,
            resume=resume,
            overwrite=overwrite,
            threads=threads,
            quiet=quiet,
        )
        found = comparing.checked()
        check_targets([out, markdown, json_out], overwrite)
        _write(comparing.run(found), out, json_out, markdown, overwrite)


def _write(whole: Comparison, out: Path | None, json_out: str | None, markdown: Path | None, overwrite: bool) -> None:
    """The files, and then the tables or the JSON on standard output."""
    from faceannot.evaluation.comparison_page import comparison_markdown, comparison_page

    if out:
        save(out, comparison_page(whole), overwrite)
    if markdown:
        save(markdown, comparison_markdown(whole), overwrite)
    if json_out:
        from faceannot.evaluation.report import as_json

        save_json(json_out, as_json(whole), overwrite)
    if json_out != "-":
        from faceannot.cli.comparison_tables import show_comparison

        show_comparison(whole)
