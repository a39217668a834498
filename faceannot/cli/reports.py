"""What the commands share that write reports: the part of the data, targets that are checked early, and writing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from faceannot.errors import OutputError, UsageError


class SplitName(StrEnum):
    """A part of the data."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def check_targets(files: Sequence[Path | None], json_out: str | None, overwrite: bool) -> None:
    """Refuse what cannot be written before an hour of measuring, not after it."""
    targets = [path for path in (*files, Path(json_out) if json_out and json_out != "-" else None) if path]
    for number, path in enumerate(targets):
        if any(path.resolve() == other.resolve() for other in targets[:number]):
            raise UsageError(f"{path} cannot be both of two outputs")
        if path.is_file() and not overwrite:
            raise OutputError(f"{path} exists already; --overwrite replaces it")
        if not path.parent.is_dir() or path.is_dir():
            raise OutputError(f"{path} cannot be written: {'it is a folder' if path.is_dir() else 'no such folder'}")
    if sys.stdout is None:
        raise OutputError("standard output is closed")


def save_json(target: str, content: dict[str, Any], overwrite: bool) -> None:
    """Write `content` to the file `target`, or to standard output for `-`."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    save(sys.stdout.buffer if target == "-" else Path(target), text, overwrite)


def save(target: Path | BinaryIO, text: str, overwrite: bool) -> None:
    """Write `text` to a file or a stream."""
    from faceannot.outputs.sink import open_sink

    sink = open_sink(target, overwrite=overwrite)
    sink.write(text.encode("utf-8"))
    sink.close()
