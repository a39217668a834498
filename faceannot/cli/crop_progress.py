"""Progress of cropping source data sets on standard error: a bar a source, and what was left out of it."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from faceannot.cli.progress import open_bar
from faceannot.outputs.names import escape

if TYPE_CHECKING:
    from faceannot.datasets.prepare_sources import PreparedSource

_MOST_NAMED = 5


class CropProgress:
    """A bar for each source, on standard error if that is a terminal, and what became of it; nothing if `hidden`."""

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

    def finish(self, source: PreparedSource) -> None:
        """Close the bar of `source` and say what became of it."""
        self._close()
        if not self._hidden:
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
