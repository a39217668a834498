"""What of a set of crops is finished, on disk after every batch, so that a run that was killed can go on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from faceannot.outputs.locking import open_locked


@dataclass(slots=True)
class CropJournal:
    """The batches of one `fingerprint` that are finished.

    `done`: examples that were looked at, the first of their list. `lost` and `unreadable`: those of them, by their
    place in the list, in which no face was found, and that could not be read, with the reason.
    """

    path: Path
    fingerprint: str
    done: int = 0
    lost: list[int] = field(default_factory=list)
    unreadable: dict[int, str] = field(default_factory=dict)
    _file: Any = None

    def __enter__(self) -> Self:
        """Take the journal, alone; one of another fingerprint begins anew. Raises `OutputError` if it is in use."""
        self._file = open_locked(self.path, used_for=str(self.path.parent))
        content = self._file.readall()
        lines = content.split(b"\n")[:-1]  # what comes after the last newline was not finished
        if not lines or _parsed(lines[0]) != {"made_from": self.fingerprint}:
            self.begin()
            return self
        end = len(lines[0]) + 1
        for line in lines[1:]:
            batch = _parsed(line)
            if batch is None or not _goes_on(batch, self.done):
                break
            self._take(batch)
            end += len(line) + 1
        self._file.truncate(end)
        self._file.seek(0, os.SEEK_END)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def found(self) -> int:
        """How many crops there are."""
        return self.done - len(self.lost) - len(self.unreadable)

    def begin(self) -> None:
        """Forget what was finished."""
        self.done, self.lost, self.unreadable = 0, [], {}
        self._file.seek(0)
        self._file.truncate()
        self._write({"made_from": self.fingerprint})

    def add(self, count: int, lost: list[int], unreadable: dict[int, str]) -> None:
        """Note that the next `count` examples are finished; their crops have to be in place before."""
        batch = {"done": self.done + count, "lost": lost, "unreadable": list(unreadable.items())}
        self._write(batch)
        self._take(batch)

    def _take(self, batch: dict[str, Any]) -> None:
        self.done = batch["done"]
        self.lost += batch["lost"]
        self.unreadable.update((place, reason) for place, reason in batch["unreadable"])

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _goes_on(batch: dict[str, Any], before: int) -> bool:
    """Whether `batch` is one as `add` writes it, and the next after `before` examples; what is not is made again."""
    done, lost, unreadable = batch.get("done"), batch.get("lost"), batch.get("unreadable")
    if not isinstance(done, int) or not isinstance(lost, list) or not isinstance(unreadable, list):
        return False
    if not all(isinstance(one, list) and len(one) == 2 and isinstance(one[1], str) for one in unreadable):
        return False
    places = [*lost, *(place for place, _ in unreadable)]
    return all(isinstance(place, int) and before <= place < done for place in places) and (
        done > before and len(places) == len(set(places))
    )
