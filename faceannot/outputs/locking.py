"""A file that one process at a time may have open; the lock dies with the process."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from faceannot.errors import OutputError
from faceannot.outputs.names import escape
from faceannot.outputs.sink import cannot_write


def open_locked(path: Path, *, used_for: str) -> BinaryIO:
    """Open for reading and writing, made where it is missing, unbuffered, at its beginning.

    Raises OutputError where another process has it open or it cannot be made. Systems without flock (Windows) do
    not lock.
    """
    while True:
        try:
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666), "r+b", 0)
        except OSError as error:
            raise cannot_write(escape(str(path)), error) from error
        if not lock(file):
            file.close()
            raise OutputError(f"another run is writing {used_for}: wait for it, or choose another output")
        if _is_still_at(file, path):
            return file
        file.close()  # the other run finished and removed it between opening and locking


def is_locked(path: Path) -> bool:
    """Whether a process has the file open and locked. Raises OSError where it cannot be opened."""
    with path.open("rb") as file:
        return not lock(file)


def lock(file: BinaryIO) -> bool:
    """Lock an open file until it is closed; False where another process has."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system that cannot lock: better an unlocked run than none
    return True


def _is_still_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
