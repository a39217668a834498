"""`faceannot prepare`: source data sets in, aligned crops out, once for all trainings."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from faceannot.cli.exits import NEEDS_A_LOOK, exit_codes
from faceannot.cli.progress import open_bar
from faceannot.defaults import usable_cpus
from faceannot.outputs.names import escape

if TYPE_CHECKING:
    from faceannot.datasets.prepare_sources import PreparedSource

_MOST_NAMED = 5


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
        with _Bars(hidden=quiet) as bars:
            for done in prepare_sources(sources, out, chosen, workers=threads or usable_cpus(), seen=bars.show):
                unreadable += len(done.prepared.unreadable)
                bars.finish(done, quiet)
    if unreadable:
        raise typer.Exit(NEEDS_A_LOOK)


class _Bars:
    """A bar for each source, on standard error if that is a terminal."""

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, name: str, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = open_bar(" pictures", hidden=self._hidden, total=total, name=name, initial=done)
        self._bar.update(done - self._bar.n)

    def finish(self, source: PreparedSource, quiet: bool) -> None:
        """Close the bar of `source` and say what became of it."""
        self._close()
        if not quiet:
            typer.echo("\n".join(_summary(source)), err=True)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _summary(source: PreparedSource) -> list[str]:
    prepared = source.prepared
    lines = [f"{source.folder}: {len(prepared.examples):,} crops; no face found in {len(prepared.lost):,}"]
    lines += [f"  left out: {count:,}, {reason}" for reason, count in source.cleaned.reasons().most_common()]
    lines += [f"  cannot be read: {escape(name)}: {why}" for name, why in prepared.unreadable[:_MOST_NAMED]]
    if len(prepared.unreadable) > _MOST_NAMED:
        lines.append(f"  and {len(prepared.unreadable) - _MOST_NAMED:,} more, listed in {source.folder}/unreadable.csv")
    return lines
