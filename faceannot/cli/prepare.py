"""`faceannot prepare`: source data sets in, aligned crops out, once for all trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceannot.cli.crop_progress import CropProgress
from faceannot.cli.exits import NEEDS_A_LOOK, exit_codes
from faceannot.defaults import usable_cpus


def prepare(
    data: Annotated[
        list[str],
        typer.Option(
            "--data", metavar="KIND:PATH", help="Source data set, or several; `faceannot datasets` lists the kinds."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the crops, one inside a source.")],
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another bundle than the one that comes with faceannot.")
    ] = None,
    detector: Annotated[
        Path | None, typer.Option(metavar="FILE.onnx", help="Another detector with YuNet's interface.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes to use.", show_default="as many as processors")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on standard error.")] = False,
) -> None:
    """Turn source data sets into aligned crops, once, for every training that follows.

    Copies, contradicted labels and the like are left out. The same command goes on with a run that was stopped, and
    does nothing where all is done.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 3 done, but some pictures could not be read; 130 stopped by Ctrl-C.
    """
    unreadable = 0
    with exit_codes(on_stop="stopped; what was finished is kept, and the same command goes on from there."):
        from faceannot.bundle import load_bundle
        from faceannot.datasets.prepare_sources import prepare_sources
        from faceannot.datasets.sources import parse_source

        sources = [parse_source(text) for text in data]
        chosen = load_bundle(model, detector).detector
        with CropProgress(hidden=quiet) as bars:
            for done in prepare_sources(sources, out, chosen, workers=threads or usable_cpus(), seen=bars.show):
                unreadable += len(done.prepared.unreadable)
                bars.finish(done)
    if unreadable:
        raise typer.Exit(NEEDS_A_LOOK)
