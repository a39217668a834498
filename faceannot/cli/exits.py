"""How a command ends: errors and signals to a message and the exit codes of the README."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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
    try:
        yield
    except FaceannotError as error:
        typer.echo(f"faceannot: {error}", err=True)
        raise typer.Exit(WRONG_USAGE if isinstance(error, UsageError) else NOT_DONE) from error
    except BrokenPipeError as error:
        _drop_standard_output()
        raise typer.Exit(0) from error
    except KeyboardInterrupt as stop:
        typer.echo(f"\nfaceannot: {on_stop}", err=True)
        raise typer.Exit(TERMINATED if isinstance(stop, Terminated) else INTERRUPTED) from stop


def _drop_standard_output() -> None:
    """Point standard output at nothing, or Python complains about the closed pipe when it flushes at its end."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
