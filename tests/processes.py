"""The processes that a process started, by Linux's /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def children(process: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        # A thread may end between being listed and being read.
        with suppress(FileNotFoundError, ProcessLookupError):
            found.update(map(int, (task / "children").read_text().split()))
    return found
