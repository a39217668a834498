"""Finds a photo's line in a journal, at 16 bytes of memory a photo."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Lines:
    """The whole lines of a journal after its header, found by the hash of the name and confirmed by reading.

    `end`: where the last whole line ends; what follows was torn by a crash.
    """

    def __init__(self, path: Path, start: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self.end = start
        hashes, offsets = array("q"), array("q")
        while name := self._next_name():
            hashes.append(hash(name))
            offsets.append(self.end)
            self.end = self._file.tell()
        order = np.argsort(np.array(hashes, dtype=np.int64), kind="stable")
        self._hashes: NDArray[np.int64] = np.array(hashes, dtype=np.int64)[order]
        self._offsets: NDArray[np.int64] = np.array(offsets, dtype=np.int64)[order]

    def find(self, name: str) -> dict[str, Any] | None:
        """The fields of the last line of that name."""
        key = np.int64(hash(name))
        first, last = (int(np.searchsorted(self._hashes, key, side)) for side in ("left", "right"))
        for offset in self._offsets[first:last][::-1]:
            self._file.seek(int(offset))
            fields: dict[str, Any] = json.loads(self._file.readline())
            if fields["name"] == name:
                return fields
        return None

    def close(self) -> None:
        self._file.close()

    def _next_name(self) -> str | None:
        line = self._file.readline()
        try:
            return str(json.loads(line)["name"]) if line.endswith(b"\n") else None
        except (ValueError, TypeError, KeyError):
            return None
