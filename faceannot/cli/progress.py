"""Progress on standard error: photos, rate, time left, faces and failures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from faceannot.errors import FaceannotError

if TYPE_CHECKING:
    from faceannot.inputs import Photo
    from faceannot.labelling import Tally


class Progress:
    """A bar while a run goes on; nothing if `hidden` or if standard error is no terminal.

    How many photos there are is counted while the run goes on already, from the same arguments, without those that
    the run leaves out; standard input and pipes can be read only once, so for those the bar has no end and no time
    left.
    """

    def __init__(
        self, paths: list[str], *, recursive: bool, nul: bool, left_out: Callable[[Photo], bool], hidden: bool
    ) -> None:
        self._bar = open_bar(" photos", hidden=hidden)
        self._paths, self._recursive, self._nul, self._left_out = paths, recursive, nul, left_out
        self._left = Event()

    def __enter__(self) -> Self:
        if not self._bar.disable and all(map(_can_be_read_twice, self._paths)):
            # A daemon, so that a folder on a slow network does not keep a finished run from ending.
            Thread(target=self._count, name="count", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._bar.close()

    def show(self, tally: Tally) -> None:
        """Show what `tally` says now."""
        if not self._bar.disable:
            self._bar.set_postfix(faces=tally.faces.total(), failed=tally.failures, refresh=False)
            self._bar.update(tally.photos - self._bar.n)

    def _count(self) -> None:
        from faceannot.inputs import find_photos

        total = 0
        try:
            for photo in find_photos(self._paths, recursive=self._recursive, nul=self._nul):
                total += not self._left_out(photo)
                if self._left.is_set():
                    return
        # The run itself meets the same error and tells of it.
        except FaceannotError:
            return
        self._bar.total = total


def open_bar(unit: str, *, hidden: bool, total: int | None = None, name: str | None = None, initial: int = 0) -> Any:
    """A tqdm bar on standard error; nothing if `hidden` or if standard error is no terminal.

    `initial`: how much was done before, which says nothing of the rate.
    """
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        # Of a bar that Ctrl-C leaves half made, which closes all the same.
        disable = True

        # Whoever opens a bar closes it. Not a function of Python's, since Ctrl-C in there is shown instead of raised.
        __del__ = object.__hash__

    hidden = hidden or sys.stderr is None or not sys.stderr.isatty()
    size: dict[str, Any] = {} if hidden else _bar_size()
    known: dict[str, Any] = {"total": total, "desc": name, "initial": initial}
    return Bar(unit=unit, file=sys.stderr, disable=hidden, smoothing=0.1, **known, **size)


def _bar_size() -> dict[str, Any]:
    """How large tqdm may draw on standard error, a terminal."""
    # A terminal that does not know its size says 0 x 0, and tqdm would draw nothing on it.
    knows_size = os.get_terminal_size(sys.stderr.fileno()).columns > 0
    return {"dynamic_ncols": True} if knows_size else {"ncols": 80, "nrows": 24}


def _can_be_read_twice(argument: str) -> bool:
    if argument.startswith("@"):
        return Path(argument[1:]).is_file()
    return argument != "-"
