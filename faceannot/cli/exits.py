"""How a command ends: errors and signals to a message and the exit codes of the README."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from faceannot.errors import FaceannotError, UsageError

NOT_DONE = 1
WRONG_USAGE = 2
NEEDS_A_LOOK = 3
# 128 and the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM.
STOPPED = 128

_CLOSING_S = 1.0


@contextmanager
def exit_codes(on_stop: str = "stopped.") -> Iterator[None]:
    """Turn what ends a command early into a message on standard error and an exit code.

    `on_stop`: what to say after Ctrl-C or SIGTERM. A closed pipe ends quietly: who reads has seen enough.
    """
    stops = _stop_on_signals()
    try:
        yield
    except BaseException as error:
        # A stop may come out as another error: in the middle of an import it is an ImportError.
        code = _after_stop(stops[0], on_stop) if stops else _after_error(error)
        if code is None:
            raise
        raise typer.Exit(code) from error


def _after_error(error: BaseException) -> int | None:
    if isinstance(error, BrokenPipeError):
        _drop_standard_output()
        return 0
    if isinstance(error, FaceannotError):
        typer.echo(f"faceannot: {error}", err=True)
        return WRONG_USAGE if isinstance(error, UsageError) else NOT_DONE
    return None


def _after_stop(number: int, on_stop: str) -> int:
    # All is closed; while Python ends it would let a second Ctrl-C kill it, with another exit code.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    typer.echo(f"\nfaceannot: {on_stop}", err=True)
    return STOPPED + number


def _stop_on_signals() -> list[int]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt, once; the list that it gives then has the signal's number.

    A signal soon after is the same stop, delivered twice; a later one means that closing takes too long.
    """
    stops: list[int] = []
    since = 0.0

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal since
        if not stops:
            stops.append(number)
            since = time.monotonic()
            raise KeyboardInterrupt
        if time.monotonic() - since > _CLOSING_S:
            os._exit(STOPPED + number)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return stops


def _drop_standard_output() -> None:
    """Point standard output at nothing, or Python complains about the closed pipe when it flushes at its end."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
