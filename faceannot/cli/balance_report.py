"""`faceannot balance-report`: what is wrong with data before anyone trains on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceannot.cli.exits import NEEDS_A_LOOK, exit_codes
from faceannot.cli.options import OUTPUT, RUN, JsonFile, NoThumbnails, Quiet, Threads
from faceannot.cli.reports import STANDARD_STREAM, check_targets, save, save_json
from faceannot.errors import UsageError

if TYPE_CHECKING:
    from faceannot.balance.counts import Axis
    from faceannot.balance.entries import Collection, Entry
    from faceannot.balance.report import Report

INPUT, LIMITS = "What to read", "What must not be"
_STANDARD_INPUT = Path("/dev/stdin")


def balance_report(
    tables: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[TABLE]...",
            help="Table that `faceannot label` wrote: CSV, JSON, JSONL or Parquet; `-` is one on standard input.",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:PATH", help="Source data set, such as `utkface:faces/`; several.", rich_help_panel=INPUT
        ),
    ] = None,
    photos: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder that the paths of the tables begin at.", rich_help_panel=INPUT),
    ] = Path(),
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Write the report as one HTML page with plots.", rich_help_panel=OUTPUT
        ),
    ] = None,
    json_out: JsonFile = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace outputs that exist.", rich_help_panel=OUTPUT)
    ] = False,
    no_thumbnails: NoThumbnails = False,
    max_ratio: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[AXIS=]N",
            help="Exit with 3 if the largest class is more than N times the smallest, or one is empty, as a whole or "
            "in a split; for all axes, or for gender, emotion, label or expression.",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    fail_on_leak: Annotated[
        bool,
        typer.Option(
            "--fail-on-leak",
            help="Exit with 3 if a copy of a picture, or a person, is in more than one split.",
            rich_help_panel=LIMITS,
        ),
    ] = False,
    no_duplicates: Annotated[
        bool,
        typer.Option("--no-duplicates", help="Only count; open no picture.", rich_help_panel=RUN),
    ] = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Say what is wrong with data before anyone trains on them.

    Counts by gender, emotion and expression, empty classes, what would balance them; copies and people in more than
    one split, labels that contradict each other, sources that give the class away.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 3 done, but --max-ratio or --fail-on-leak is broken.
    """
    with exit_codes():
        from faceannot.balance.findings import broken_limits

        limits = _limits(max_ratio or [])
        if fail_on_leak and no_duplicates:
            raise UsageError("--fail-on-leak looks for copies and --no-duplicates does not: use one of them")
        check_targets([out, json_out], overwrite, inputs=tables or [])
        report = _report(_collect(tables or [], data or [], photos, quiet), threads, no_duplicates, quiet)
        broken = broken_limits(report, limits, fail_on_leak=fail_on_leak)
        _write(report, broken, out, json_out, overwrite, not no_thumbnails)
        if tables and _none_there(report):
            typer.echo(
                "faceannot: no photo of the tables could be read; --photos DIR says where their paths begin", err=True
            )
        for text in broken:
            typer.echo(f"faceannot: limit broken: {text}", err=True)
    if broken:
        raise typer.Exit(NEEDS_A_LOOK)


def _none_there(report: Report) -> bool:
    """Whether pictures were looked for and none of them found."""
    copies = report.copies
    return bool(copies and copies.unread and len(copies.unread) == copies.pictures)


def _limits(texts: list[str]) -> dict[Axis, float]:
    """`3` for every axis, `gender=2` for one; the last word counts."""
    from faceannot.balance.counts import AXES

    limits: dict[Axis, float] = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        axes = [axis for axis in AXES if name in ("", axis)]
        try:
            limit = float(number)
        except ValueError:
            limit = 0.0
        if not axes or not limit >= 1:
            raise UsageError(f"--max-ratio {text}: expected a number from 1 up, or one of {', '.join(AXES)} with =N")
        limits.update(dict.fromkeys(axes, limit))
    return limits


def _collect(tables: list[Path], data: list[str], photos: Path, quiet: bool) -> Collection:
    from faceannot.balance.entries import collect, from_example
    from faceannot.balance.tables import read_table
    from faceannot.cli.progress import open_bar
    from faceannot.datasets.sources import parse_source

    if not tables and not data:
        raise UsageError("nothing to report on: name a table, or a data set with --data KIND:PATH")
    sources = [parse_source(text) for text in data]
    with open_bar(" faces read", hidden=quiet) as bar:

        def shown(entries: Iterator[Entry]) -> Iterator[Entry]:
            for entry in entries:
                yield entry
                bar.update()

        examples = (shown(map(from_example, source.examples())) for source in sources)
        rows = (
            shown(read_table(_STANDARD_INPUT if str(table) == STANDARD_STREAM else table, photos)) for table in tables
        )
        return collect(part for parts in (examples, rows) for part in parts)


def _report(collection: Collection, threads: int | None, no_duplicates: bool, quiet: bool) -> Report:
    from faceannot.balance.report import make_report
    from faceannot.cli.progress import open_bar
    from faceannot.defaults import usable_cpus

    pictures = sum(entry.content is not None for entry in collection.entries)
    with open_bar(" pictures compared", hidden=quiet or no_duplicates, total=pictures) as bar:
        return make_report(collection, None if no_duplicates else threads or usable_cpus(), bar.update)


def _write(
    report: Report, broken: tuple[str, ...], out: str | None, json_out: str | None, overwrite: bool, thumbnails: bool
) -> None:
    from faceannot.balance.as_json import as_json
    from faceannot.balance.page import page
    from faceannot.cli.balance_tables import show_report

    if out is not None:
        save(out, page(report, broken, thumbnails=thumbnails), overwrite)
    if json_out is not None:
        save_json(json_out, as_json(report, broken), overwrite)
    if STANDARD_STREAM not in (out, json_out):
        show_report(report)
