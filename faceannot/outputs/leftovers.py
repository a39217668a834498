"""Unfinished pictures: how they are named, and how those of runs that were killed are found and removed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from faceannot.outputs.locking import is_locked

_NAME = re.compile(r"\.faceannot-[0-9a-f]{32}")


def unfinished(path: Path) -> Path:
    """A name beside `path` for a picture while it is written; whoever writes there locks the file."""
    return path.with_name(f".faceannot-{uuid4().hex}")


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished pictures below `folder` that nobody is writing any more."""
    for path in _unfinished_below(folder):
        with suppress(OSError):
            if not is_locked(path):
                path.unlink()


def _unfinished_below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names if _NAME.fullmatch(name))
