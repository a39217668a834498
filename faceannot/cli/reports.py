"""What the commands share that write reports: the part of the data, targets that are checked early, and writing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from faceannot.errors import OutputError, UsageError
from faceannot.outputs.names import escape

STANDARD_STREAM = "-"


class SplitName(StrEnum):
    """A part of the data."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def check_targets(targets: Sequence[str | Path | None], overwrite: bool, inputs: Sequence[Path] = ()) -> None:
    """Refuse what cannot be written before an hour of measuring, not after it; nothing may be one of `inputs`."""
    from faceannot.outputs.sink import is_stream

    given = [target for target in targets if target is not None]
    if sys.stdout is None:
        raise OutputError("standard output is closed, and tables or JSON go there")
    places = [os.path.realpath(target) for target in given]
    for target, place in zip(given, places, strict=True):
        name, path = escape(str(target)), Path(target)
        if places.count(place) > 1:
            raise UsageError(f"{name} cannot be both of two outputs")
        if target == STANDARD_STREAM:
            continue
        if path.exists() and any(one.exists() and path.samefile(one) for one in inputs):
            raise UsageError(f"{name} is an input: the report needs a file of its own")
        if path.exists() and not path.is_dir() and not overwrite and not is_stream(path):
            raise OutputError(f"{name} exists already; --overwrite replaces it")
        if path.is_dir() or not path.parent.is_dir():
            raise OutputError(f"{name} cannot be written: {'it is a folder' if path.is_dir() else 'no such folder'}")


def save_json(target: str, content: dict[str, Any], overwrite: bool) -> None:
    """Write `content` to the file `target`, or to standard output for `-`."""
    save(target, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", overwrite)


def save(target: str | Path, text: str, overwrite: bool) -> None:
    """Write `text` to a file, or to standard output for the text `-`."""
    from faceannot.outputs.sink import open_sink

    sink = open_sink(sys.stdout.buffer if target == STANDARD_STREAM else Path(target), overwrite=overwrite)
    try:
        sink.write(text.encode("utf-8"))
    finally:
        sink.close()
