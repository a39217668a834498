"""A file or stream that a table is written to: each write is on its way to the disk before the next one starts."""

# os.path says False where Path raises: a name that is too long, a folder that may not be entered. What is wrong shows
# when the file is opened.
# ruff: noqa: PTH110, PTH112, PTH113

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from faceannot.errors import DiskFullError, OutputError
from faceannot.outputs.names import escape

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class Sink:
    """Binary output without a buffer of its own, which turns failures into OutputError.

    A closed pipe stays a BrokenPipeError, because the reader has simply seen enough. After a failure the sink takes
    writes and drops them: the failure was told once, and a format that closes must not tell it again. `tell` counts
    bytes itself, so that formats with offsets can go down a pipe.
    """

    def __init__(self, stream: BinaryIO, name: str, *, owned: bool) -> None:
        self.closed = False
        self._failed = False
        self._stream = stream
        self._name = name
        self._owned = owned
        self._written = 0

    def write(self, data: bytes) -> int:
        if not self._failed:
            self._write_all(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """Nothing: each write has flushed already."""

    def close(self) -> None:
        """Close a file of our own once its content is on the disk; leave somebody else's stream open."""
        if self._owned and not self.closed:
            with suppress(OSError):  # pipes and devices cannot sync
                os.fsync(self._stream.fileno())
            self._stream.close()
        self.closed = True

    def _write_all(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[self._stream.write(left) :]
            self._stream.flush()
        except OSError as error:
            self._failed = True
            if isinstance(error, BrokenPipeError):
                raise
            raise cannot_write(self._name, error) from error


def open_sink(target: Path | BinaryIO, *, overwrite: bool) -> Sink:
    """A sink on a file or on an open binary stream.

    Raises OutputError where the file exists and `overwrite` is false, or where it cannot be made. Pipes and devices
    such as /dev/null are never "there already".
    """
    if not isinstance(target, Path):
        return Sink(target, "standard output", owned=False)
    replace = overwrite or is_stream(target)
    try:
        return Sink(target.open("wb" if replace else "xb", buffering=0), escape(str(target)), owned=True)
    except FileExistsError as error:
        raise OutputError(f"{escape(str(target))} exists already; --overwrite replaces it") from error
    except OSError as error:
        raise cannot_write(escape(str(target)), error) from error


def is_stream(path: Path) -> bool:
    """Whether the path is a pipe or a device: nothing to resume or to overwrite there."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def cannot_write(name: str, error: OSError) -> OutputError:
    """The OutputError that says what the system said, in a person's words."""
    if isinstance(error, FileNotFoundError):
        return OutputError(f"{name} cannot be written: its folder does not exist")
    kind = DiskFullError if error.errno in _FULL else OutputError
    return kind(f"{name} cannot be written: {error.strerror or error}")
