"""Progress of a training on standard error: a bar a step, or, where that is no terminal, a line an epoch."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from faceannot.cli.progress import open_bar

if TYPE_CHECKING:
    from faceannot.training.epochs import Moment


class TrainingProgress:
    """Shows each step's epochs with the time left; nothing if `hidden`."""

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden or sys.stderr is None
        self._bars = not self._hidden and sys.stderr.isatty()
        self._bar: Any = None
        self._step = ""
        self._since, self._first = 0.0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, moment: Moment) -> None:
        """Show where the training is."""
        if self._hidden:
            return
        if moment.step != self._step:
            self._begin(moment)
        if self._bars:
            self._draw(moment)
        elif moment.figures:
            typer.echo(_line(moment, self._left(moment)), err=True)

    def _begin(self, moment: Moment) -> None:
        self._close()
        self._step, self._since = moment.step, time.monotonic()
        self._first = _batches(moment)
        if self._bars:
            total = moment.epochs * moment.batches
            self._bar = open_bar(" batches", hidden=False, total=total, initial=self._first)

    def _draw(self, moment: Moment) -> None:
        self._bar.set_description(f"{moment.step}: epoch {moment.epoch}/{moment.epochs}", refresh=False)
        if moment.figures:
            shown = {name: f"{value:.3f}" for name, value in _accuracies(moment.figures).items()}
            self._bar.set_postfix(shown, refresh=False)
        self._bar.update(_batches(moment) - self._bar.n)

    def _left(self, moment: Moment) -> float:
        """Seconds, by the rate since this run came to the step."""
        done = _batches(moment) - self._first
        left = (moment.epochs - moment.epoch) * moment.batches
        return (time.monotonic() - self._since) / max(done, 1) * left

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _batches(moment: Moment) -> int:
    return (moment.epoch - 1) * moment.batches + moment.batch


def _accuracies(figures: dict[str, float]) -> dict[str, float]:
    return {name.removeprefix("val_"): value for name, value in figures.items() if name.startswith("val_")}


def _line(moment: Moment, left_s: float) -> str:
    figures = ", ".join(f"{name} {value:.3f}" for name, value in (moment.figures or {}).items() if name != "epoch")
    minutes, seconds = divmod(round(left_s), 60)
    return f"{moment.step}: epoch {moment.epoch}/{moment.epochs}, {figures}; {minutes}:{seconds:02} left"
