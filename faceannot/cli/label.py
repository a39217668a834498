"""`faceannot label`: photos in, rows out."""

# os.path says False where Path raises: a name that is too long, a folder that may not be entered.
# ruff: noqa: PTH113, PTH121

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceannot.cli.exits import NEEDS_A_LOOK, exit_codes
from faceannot.defaults import BATCH_SIZE, SMALLEST_FACE_PX, TIMEOUT_S
from faceannot.errors import InputError, OutputError, UsageError
from faceannot.outputs.names import escape
from faceannot.outputs.sink import is_stream
from faceannot.outputs.table import Format, infer_format

if TYPE_CHECKING:
    from faceannot.labelling import Outputs

INPUT, OUTPUT, LIMITS, SPEED = "What to read", "What to write", "What counts", "How to run"


def label(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Photo, folder, glob, `@list.txt` with a path a line, or `-` for paths on standard input.",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Table to write: .csv, .json, .jsonl or .parquet; `-` is standard output.",
            rich_help_panel=OUTPUT,
        ),
    ] = "-",
    table_format: Annotated[
        Format | None,
        typer.Option("--format", help="Format of the table, whatever its name.", rich_help_panel=OUTPUT),
    ] = None,
    annotated: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write a copy of each photo here, with boxes, labels and scores.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    crops: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write each face here, turned upright and cut out.", rich_help_panel=OUTPUT),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a run that was stopped.", rich_help_panel=OUTPUT),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace outputs that exist.", rich_help_panel=OUTPUT),
    ] = False,
    no_recursive: Annotated[
        bool,
        typer.Option("--no-recursive", help="Leave out the folders inside a folder.", rich_help_panel=INPUT),
    ] = False,
    nul: Annotated[
        bool,
        typer.Option(
            "-0", "--null", help="Paths in lists and on standard input end in NUL, not newline.", rich_help_panel=INPUT
        ),
    ] = False,
    smallest_face: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="PIXELS",
            help="Leave out faces whose box is shorter than this on both sides, at the photo's full size.",
            rich_help_panel=LIMITS,
        ),
    ] = SMALLEST_FACE_PX,
    detection_threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SCORE",
            help="Leave out what is less surely a face; lower finds more faces, and more that are none.",
            show_default="the bundle's",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    unsure_threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SCORE",
            help="Mark a face `unsure` if its label's score is below this; the row stays.",
            show_default="the bundle's",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Another bundle than the one that comes with faceannot.", rich_help_panel=SPEED
        ),
    ] = None,
    detector: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx",
            help="Another detector with YuNet's interface, such as the official file.",
            rich_help_panel=SPEED,
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, metavar="FACES", help="Faces that are classified at once.", rich_help_panel=SPEED)
    ] = BATCH_SIZE,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="About how many processors to use; at most 16 processes read photos, and 8 write pictures.",
            show_default="all that there are",
            rich_help_panel=SPEED,
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Give up on a photo that takes longer to read (its row says so), or five times as long to copy.",
            rich_help_panel=SPEED,
        ),
    ] = TIMEOUT_S,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Only errors on standard error.", rich_help_panel=SPEED),
    ] = False,
) -> None:
    """Label every face in photos: one row a face, and one row for a photo without any.

    Labels are what people would say that the picture shows: HappyMale, HappyFemale, SadMale or SadFemale. They are
    not who somebody is, how they see themselves or what they feel.

    Exit codes: 0 done; 1 not done; 2 wrong usage; 3 done, but some photos could not be read
    or copied; 130 stopped by Ctrl-C.
    """
    with exit_codes(on_stop=_how_to_go_on(out, overwrite)):
        from faceannot.annotator import Annotator
        from faceannot.cli.progress import Progress
        from faceannot.inputs import find_photos_and_pauses
        from faceannot.labelling import label as run

        _check_no_input(out, paths)
        outputs = _outputs(out, table_format, annotated, crops, resume, overwrite)
        annotator = Annotator(
            model=model,
            detector=detector,
            batch_size=batch_size,
            threads=threads,
            smallest_face=smallest_face,
            detection_threshold=detection_threshold,
            unsure_threshold=unsure_threshold,
            timeout_s=timeout,
        )
        if "-" in paths and sys.stdin is None:
            raise InputError("standard input is closed")
        photos = find_photos_and_pauses(paths, recursive=not no_recursive, nul=nul)
        left_out = outputs.copies.made
        with Progress(paths, recursive=not no_recursive, nul=nul, left_out=left_out, hidden=quiet) as progress:
            tally = run(annotator, photos, outputs, seen=progress.show)
        if tally.was_complete and not quiet:
            typer.echo(f"{escape(out)} is complete already (photos: {tally.photos:,})", err=True)
        elif not quiet:
            from faceannot.cli.summary import show_summary

            show_summary(tally)
            if tally.not_copied and out != "-":
                typer.echo(f"photos without their copy or crops: {tally.not_copied:,}; --resume tries again", err=True)
    if tally.failures:
        raise typer.Exit(NEEDS_A_LOOK)


def _outputs(
    out: str, table_format: Format | None, annotated: Path | None, crops: Path | None, resume: bool, overwrite: bool
) -> Outputs:
    from faceannot.labelling import Outputs

    if resume and overwrite:
        raise UsageError("--resume goes on with a run and --overwrite begins anew: use one of them")
    if out != "-":
        table = Path(out)
        return Outputs(table, table_format or infer_format(table), annotated, crops, resume, overwrite)
    if sys.stdout is None:
        raise OutputError("standard output is closed; name a file with --out")
    return Outputs(sys.stdout.buffer, table_format or "csv", annotated, crops, resume, overwrite)


def _check_no_input(out: str, paths: list[str]) -> None:
    """Refuse an `--out` that names an input too, which --overwrite would empty before it is read."""
    for path in (path.removeprefix("@") for path in paths):
        if out != "-" and os.path.isfile(out) and os.path.isfile(path) and os.path.samefile(out, path):
            raise UsageError(f"{escape(path)} is an input: the table needs a file of its own")


def _how_to_go_on(out: str, overwrite: bool) -> str:
    if out == "-" or is_stream(Path(out)):
        return "stopped."
    how = "--resume instead of --overwrite" if overwrite else "--resume"
    return f"stopped; what was finished is in {escape(out)}, and the same command with {how} goes on from there."
