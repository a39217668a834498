"""Options that mean the same in several commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

OUTPUT, RUN = "What to write", "How to run"

PageFile = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE.html", help="Write the whole report with its plots.", rich_help_panel=OUTPUT
    ),
]
JsonFile = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write all figures as JSON, without pictures; `-` is standard output, in place of the tables.",
        rich_help_panel=OUTPUT,
    ),
]
NoThumbnails = Annotated[
    bool, typer.Option("--no-thumbnails", help="Keep pictures out of the page.", rich_help_panel=OUTPUT)
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="About how many processors to use.",
        show_default="all that there are",
        rich_help_panel=RUN,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on standard error.", rich_help_panel=RUN)]
