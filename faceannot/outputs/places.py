"""The file that a picture of a photo goes to: inside its folder whatever the name, and no two names to one file."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path, PurePosixPath

_RESERVED = re.compile(r"_+(root|up)")
_LONGEST_BYTES = 255  # of a name, in all file systems in use


def place(folder: Path, name: str) -> Path:
    """Where a file of that name, a relative or absolute POSIX path, lies below `folder`.

    The structure is kept. The root becomes the folder `_root`, `..` becomes `_up`, and a folder that has such a name
    itself gets one more `_`, so that different paths stay different. Parts that are too long end in a hash instead.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return folder.joinpath(*["_root"] * name.startswith("/"), *(_fitted(_safe(part)) for part in parts))


def _safe(part: str) -> str:
    if part == "..":
        return "_up"
    return f"_{part}" if _RESERVED.fullmatch(part) else part


def _fitted(part: str) -> str:
    """Cut what no file system would take; the hash keeps long names apart."""
    data = os.fsencode(part)
    if len(data) <= _LONGEST_BYTES:
        return part
    ending = "".join(PurePosixPath(part).suffixes[-2:])
    ending = f"-{hashlib.sha256(data).hexdigest()[:16]}{ending if len(ending) < 40 and ending.isascii() else ''}"
    beginning = part[:_LONGEST_BYTES]
    while len(os.fsencode(beginning)) + len(ending) > _LONGEST_BYTES:
        beginning = beginning[:-1]
    return beginning + ending
