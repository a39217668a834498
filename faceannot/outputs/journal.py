"""The journal beside an output: what is done, so that a run that was stopped goes on where it was."""

# os.path says False where Path raises: a name that is too long, a folder that may not be entered.
# ruff: noqa: PTH110, PTH112, PTH113

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from faceannot.errors import OutputError
from faceannot.inputs import Photo, Stamp, stamp_of
from faceannot.outputs.header import RunHeader
from faceannot.outputs.lines import Lines
from faceannot.outputs.locking import open_locked
from faceannot.outputs.names import escape
from faceannot.outputs.packing import pack, unpack
from faceannot.outputs.sink import Sink
from faceannot.records import PhotoResult, Status

# Of the lines' layout; a journal of another one is refused.
_LAYOUT = 1
_KEY = "faceannot journal"
_BEGINNING = f'{{"{_KEY}": '.encode()
_LONGEST_HEADER = 65_536  # what is longer is no journal, and need not be read to its end


def journal_path(output: Path) -> Path:
    """Where the journal of an output lies: beside the file itself, whatever links lead to it."""
    real = Path(os.path.realpath(output))
    return real.with_name(real.name + ".journal")


def has_finished(output: Path) -> bool:
    """Whether an output is there, and no run of it that could be resumed."""
    return os.path.isfile(output) and not os.path.lexists(journal_path(output))


class Journal:
    """One JSON line a photo after a header line; the table is made from it, never the other way round.

    Open it before the table, because opening refuses what must not be touched, and locks it until the process ends.
    Ask `known` for each photo before it is read, and `add` each result that did not come from there.
    Leaving the context keeps the file; `finish` removes it.
    """

    def __init__(self, file: BinaryIO, path: Path, lines: Lines | None = None) -> None:
        self._sink = Sink(file, escape(str(path)), owned=True)
        self._path = path
        self._lines = lines

    @classmethod
    def start(cls, output: Path, header: RunHeader, *, overwrite: bool = False) -> Self:
        """Begin a new run. Raises OutputError where the output or an unfinished run of it exists.

        With `overwrite`, only another run that is at work right now is a reason to refuse, and a file in the journal's
        place that is none.
        """
        path = journal_path(output)
        file = open_locked(path, used_for=escape(str(output)))
        first = file.readline(_LONGEST_HEADER)
        _refuse(_reason_not_to_start(output, path, first, overwrite), file, path)
        return cls._begin(file, path, header)

    @classmethod
    def resume(cls, output: Path, header: RunHeader) -> Self:
        """Go on with a run that was stopped, or begin one where there is none.

        Raises OutputError where the stopped run had another header, or where the output exists and its run had
        finished. A last line that was torn by a crash is dropped.
        """
        path = journal_path(output)
        file = open_locked(path, used_for=escape(str(output)))
        first = file.readline(_LONGEST_HEADER)
        if not first.endswith(b"\n"):  # none, or stopped before anything was done; its table was not begun either
            _refuse(_reason_not_to_begin(output, path, first), file, path)
            return cls._begin(file, path, header)
        _refuse(_reason_not_to_resume(first, header, path), file, path)
        lines = Lines(path, len(first))
        file.truncate(lines.end)
        file.seek(lines.end)
        return cls(file, path, lines)

    @classmethod
    def _begin(cls, file: BinaryIO, path: Path, header: RunHeader) -> Self:
        file.seek(0)
        file.truncate()
        journal = cls(file, path)
        journal._append(_header_fields(header))
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def known(self, photo: Photo) -> PhotoResult | None:
        """The result of an earlier run; None for a photo that is new, or whose size or time changed since."""
        stamp = stamp_of(photo)  # none for what is no file, or none any more: never known, so it is read again
        fields = self._lines.find(photo.name) if self._lines and stamp else None
        if fields is None or (fields["size"], fields["mtime_ns"]) != stamp:
            return None
        return unpack(photo.name, fields["result"])

    def add(self, photo: Photo, result: PhotoResult, stamp: Stamp | None) -> None:
        """Keep a result, unless it is an error. Raises OutputError (disk full, say).

        `stamp`: the photo's from before it was read: one that changes while it is read must count as changed.
        """
        # A failure may pass: a disk that was away, too little memory, a time limit. To read again costs little.
        if result.status is Status.ERROR:
            return
        size, mtime_ns = stamp or (None, None)
        self._append({"name": photo.name, "size": size, "mtime_ns": mtime_ns, "result": pack(result)})

    def finish(self) -> None:
        """Remove the journal: the output is complete and closed."""
        self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close the journal and give the lock back; the file stays."""
        self._sink.close()
        if self._lines:
            self._lines.close()

    def _append(self, fields: dict[str, Any]) -> None:
        # ASCII, so that names with undecodable bytes come back as they were.
        self._sink.write(json.dumps(fields).encode("ascii") + b"\n")


def _header_fields(header: RunHeader) -> dict[str, Any]:
    return {
        _KEY: _LAYOUT,
        "version": header.version,
        "bundle": header.bundle_name,
        "bundle sha256": header.bundle_sha256,
        **header.options,
    }


def _refuse(reason: str | None, file: BinaryIO, path: Path) -> None:
    """Raise OutputError if there is a reason, and leave no empty journal behind."""
    if reason is None:
        return
    if not os.fstat(file.fileno()).st_size:
        path.unlink()
    file.close()
    raise OutputError(reason)


def _reason_not_to_start(output: Path, path: Path, first: bytes, overwrite: bool) -> str | None:
    name = escape(str(output))
    if not _begins_a_journal(first):
        return _not_a_journal(path)
    if os.path.isdir(output):
        return f"{name} is a folder"
    if overwrite:
        return None
    if first.endswith(b"\n"):
        return f"a run that writes {name} was stopped: --resume goes on with it, --overwrite begins anew"
    return f"{name} exists already; --overwrite replaces it" if os.path.exists(output) else None


def _reason_not_to_begin(output: Path, path: Path, first: bytes) -> str | None:
    """Why a run that was to be resumed, but has no journal or an unfinished one, must not begin instead."""
    if not _begins_a_journal(first):
        return _not_a_journal(path)
    if os.path.exists(output):
        name = escape(str(output))
        return f"nothing to resume: {name} has no journal, as after a run that finished. --overwrite makes it anew"
    return None


def _begins_a_journal(first: bytes) -> bool:
    return first.startswith(_BEGINNING) or _BEGINNING.startswith(first)


def _not_a_journal(path: Path) -> str:
    return f"{escape(str(path))} is not a journal of faceannot: move it away"


def _reason_not_to_resume(first: bytes, header: RunHeader, path: Path) -> str | None:
    try:
        was = json.loads(first)
        layout = was[_KEY]
    except (ValueError, TypeError, KeyError):
        return _not_a_journal(path)
    now = _header_fields(header)
    if layout != _LAYOUT:
        return f"{escape(str(path))} was written by another version of faceannot: --overwrite begins anew"
    differences = [
        f"{key} was {_said(was.get(key))} and is {_said(now.get(key))}"
        for key in {**was, **now}
        if was.get(key) != now.get(key)
    ]
    if not differences:
        return None
    return f"the stopped run cannot be resumed: {'; '.join(differences)}. --overwrite begins anew"


def _said(value: Any) -> Any:
    return "not given" if value is None else value
