"""How a command ends: errors and signals to a message and the exit codes of the README."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from faceannot.errors import FaceannotError, UsageError

NOT_DONE = 1
WRONG_USAGE = 2
NEEDS_A_LOOK = 3
INTERRUPTED = 130
TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, which stops a run just like Ctrl-C."""


@contextmanager
def exit_codes(on_stop: str = "Stopped.") -> Iterator[None]:
    """Turn what ends a command early into a message on standard error and an exit code.

    `on_stop`: what to say after Ctrl-C or SIGTERM. A closed pipe ends quietly: who reads has seen enough.
    """
    _stop_on_signals()
    try:
        yield
    except FaceannotError as error:
        typer.echo(f"faceannot: {error}", err=True)
        raise typer.Exit(WRONG_USAGE if isinstance(error, UsageError) else NOT_DONE) from error
    except BrokenPipeError as error:
        _drop_standard_output()
        raise typer.Exit(0) from error
    except KeyboardInterrupt as stop:
        # All is closed; while Python ends it would let a second Ctrl-C kill it, with another exit code.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        typer.echo(f"\nfaceannot: {on_stop}", err=True)
        raise typer.Exit(TERMINATED if isinstance(stop, Terminated) else INTERRUPTED) from stop


def _stop_on_signals() -> None:
    """Let Ctrl-C and SIGTERM stop the run once; the second time is ignored, the third ends it as it is."""
    stops = 0

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stops
        stops += 1
        if stops == 1:
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if stops > 2:
            os._exit(TERMINATED if number == signal.SIGTERM else INTERRUPTED)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _drop_standard_output() -> None:
    """Point standard output at nothing, or Python complains about the closed pipe when it flushes at its end."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
