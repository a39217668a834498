"""Reads files that people hand over: plain ones alone, because a named pipe or a device would be read for ever."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def check_plain(path: Path) -> None:
    """Raise `OSError` with a reason for a person unless `path` is a plain file, or a link to one."""
    try:
        mode = path.stat().st_mode
    except ValueError as error:  # a NUL byte, or half of a surrogate pair
        raise OSError(errno.EINVAL, "no file can have such a name", str(path)) from error
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "is a directory", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a plain file", str(path))


def read_plain(path: Path, most: int) -> bytes:
    """The content of `path`. Raises `OSError` also where it has more than `most` bytes, or is no plain file."""
    check_plain(path)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {most:,} bytes", str(path))
    return content


def shortened(text: str, most: int = 80) -> str:
    """`text` as a message can hold it: a file may have put megabytes there."""
    return text if len(text) <= most else f"{text[: most - 3]}..."
