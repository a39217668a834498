"""`faceannot evaluate`: how good the labels are, and for whom."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceannot.cli.exits import NEEDS_A_LOOK, exit_codes
from faceannot.cli.options import OUTPUT, JsonFile, NoThumbnails, PageFile, Quiet, Threads
from faceannot.cli.reports import SplitName, check_targets, save, save_json
from faceannot.errors import UsageError

if TYPE_CHECKING:
    from faceannot.evaluation.report import Report

INPUT = "What to judge"


class Against(StrEnum):
    """What fresh figures are compared with."""

    RECORDED = "recorded"


def evaluate(
    model: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="A bundle to judge, by default the one that comes with faceannot; several are put side by side.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:PATH",
            help="A source data set to judge on, afresh; may be given several times. Without it the scores that the "
            "bundle recorded are used.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    split: Annotated[
        SplitName, typer.Option(help="The part of the data to judge on.", rich_help_panel=INPUT)
    ] = SplitName.TEST,
    against: Annotated[
        Against | None,
        typer.Option(
            help="With --data: say where the fresh figures differ from the recorded ones.", rich_help_panel=INPUT
        ),
    ] = None,
    out: PageFile = None,
    json_out: JsonFile = None,
    record_into: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Judge the bundle in DIR on --data and keep the scores in it, for reports without data.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace reports and recorded scores that exist.", rich_help_panel=OUTPUT),
    ] = False,
    no_thumbnails: NoThumbnails = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Say how good the labels are, and for whom: figures with their intervals, on faces held out from training.

    Right is what people said that a picture shows. It is not who somebody is, how they see themselves or what they
    feel. A face that is not found counts as an error. docs/evaluation.md explains each figure.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 3 done, but a fresh figure lies outside the recorded interval, or the
    number of faces is another.
    """
    with exit_codes():
        _check(data, split, against, record_into, model)
        check_targets([out, json_out], overwrite)
        models: list[Path | None] = [record_into] if record_into else [*model] if model else [None]
        if data:
            whole = _measured(models, data, split, against, record_into, overwrite, threads, quiet)
        else:
            whole = _recorded(models)
        _write(whole, out, json_out, overwrite, not no_thumbnails)
    if any(one.outside for part in whole.models for one in part.differences or ()):
        raise typer.Exit(NEEDS_A_LOOK)


def _check(
    data: list[str] | None,
    split: SplitName,
    against: Against | None,
    record_into: Path | None,
    model: list[Path] | None,
) -> None:
    if record_into and model:
        raise UsageError("--record-into DIR judges the bundle in DIR: leave out --model")
    for option, given in (("--against", against), ("--record-into", record_into)):
        if given and not data:
            raise UsageError(f"{option} needs --data KIND:PATH to measure on")
        if given and split is not SplitName.TEST:
            raise UsageError(f"{option} is about the test part: leave out --split")
    if split is not SplitName.TEST and not data:
        raise UsageError("--split needs --data KIND:PATH: only scores of test faces are recorded")


def _measured(
    models: list[Path | None],
    data: list[str],
    split: SplitName,
    against: Against | None,
    record_into: Path | None,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
) -> Report:
    from faceannot.cli.judging import Judging
    from faceannot.datasets.sources import parse_source
    from faceannot.evaluation.report import report

    judging = Judging(
        sources=[parse_source(text) for text in data],
        split=split.value,
        against_recorded=against is not None,
        record=record_into is not None,
        overwrite=overwrite,
        threads=threads,
        quiet=quiet,
    )
    return report(judging.reports(models), split.value)


def _recorded(models: list[Path | None]) -> Report:
    from faceannot.bundle import load_bundle
    from faceannot.evaluation.recorded import load_recorded
    from faceannot.evaluation.report import model_report, report

    bundles = [load_bundle(folder) for folder in models]
    found = [(bundle, load_recorded(bundle)) for bundle in bundles]
    return report([model_report(bundle, one.judged, one.date) for bundle, one in found], SplitName.TEST.value)


def _write(whole: Report, out: Path | None, json_out: str | None, overwrite: bool, thumbnails: bool) -> None:
    """The files, and then the tables or the JSON on standard output."""
    if out:
        from faceannot.evaluation.html import page

        save(out, page(whole, thumbnails=thumbnails), overwrite)
    if json_out:
        from faceannot.evaluation.report import as_json

        save_json(json_out, as_json(whole), overwrite)
    if json_out != "-":
        from faceannot.cli.evaluation_tables import show_report

        show_report(whole)
