"""Writes annotated copies and crops in processes of their own, in order and a few ahead."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Self, TypeAlias

from faceannot._worker import set_limits
from faceannot.alignment import Template
from faceannot.annotator import Annotation
from faceannot.defaults import TIMEOUT_S
from faceannot.errors import OutputError
from faceannot.inputs import Photo
from faceannot.outputs.header import Option
from faceannot.outputs.names import escape
from faceannot.pipeline import mapped

# Each holds a photo at full size, more than once: 36 MB each time at 12 megapixels, 900 MB at 300.
_MOST_PROCESSES = 8
# Reading at full size, drawing and packing take so many times as long as reading a photo shrunk may take.
_TIMES_AS_LONG = 10

Written: TypeAlias = tuple[Annotation, str | None]
Write: TypeAlias = Callable[[Annotation], Written]


@dataclass(frozen=True, slots=True)
class Copies:
    """Which pictures to write into which folders, None for none; `replace`: even if those are not empty."""

    annotated: Path | None = None
    crops: Path | None = None
    replace: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(folder for folder in (self.annotated, self.crops) if folder)

    @property
    def identity(self) -> dict[str, Option]:
        """The folders, whatever links lead to them: a run that goes on has to write the same pictures."""
        named = {"annotated": self.annotated, "crops": self.crops}
        return {name: escape(os.path.realpath(folder)) if folder else None for name, folder in named.items()}

    def prepare(self) -> None:
        """Make the folders. Raises `OutputError` if one cannot be written, or is in use and must not be."""
        if not self.folders:
            return
        from faceannot.outputs.saving import prepare_folder

        for folder in self.folders:
            is_empty = prepare_folder(folder)
            if not is_empty and not self.replace:
                raise OutputError(f"{folder} is not empty; --overwrite writes into it all the same")

    def made(self, photo: Photo) -> bool:
        """Whether a photo is a picture in one of the folders, through whatever links, that faceannot made."""
        if not isinstance(photo.source, Path) or not self.folders:
            return False
        # Path.resolve would raise for a loop of links; such a photo gets a row that says so.
        place = Path(os.path.realpath(photo.source))
        if not any(place.is_relative_to(os.path.realpath(folder)) for folder in self.folders):
            return False
        from faceannot.outputs.saving import is_ours

        return is_ours(place)


def copied(
    annotations: Iterable[Annotation], copies: Copies, template: Template, *, workers: int, timeout_s: float = TIMEOUT_S
) -> Generator[Written, None, None]:
    """Each annotation once its pictures are written, with the reason if one could not be.

    For known ones they were written when they became known. `timeout_s`: how long reading one photo may take; writing
    its pictures may take ten times as long.
    """
    if not copies.folders:
        yield from ((annotation, None) for annotation in annotations)
        return
    workers = min(workers, _MOST_PROCESSES)
    limit_s = _TIMES_AS_LONG * timeout_s
    write = partial(_write, copies=copies, template=template, limit_s=limit_s)
    with _Processes(workers, limit_s) as processes, ThreadPoolExecutor(workers, "copy", _leave_ctrl_c) as threads:
        yield from mapped(partial(processes.run, write), annotations, executor=threads, ahead=2 * workers)


class _Processes:
    """Processes that write, all replaced when one of them dies: that costs only the photo it was at.

    `limit_s`: after which `write` ends its own process.
    """

    def __init__(self, count: int, limit_s: float) -> None:
        self._count = count
        self._limit_s = limit_s
        self._lock = Lock()
        self._pool = _pool(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, write: Write, annotation: Annotation) -> Written:
        """`write(annotation)` in one of the processes; may be called from several threads."""
        try:
            return self._run(write, annotation)
        except BrokenProcessPool:
            return annotation, "writing its annotated copy or its crops crashed"
        # A process that cannot be started, say: the next photo may have more luck.
        except Exception as error:
            from faceannot.outputs.saving import reason

            return annotation, f"its annotated copy or its crops could not be written: {reason(error)}"

    def _run(self, write: Write, annotation: Annotation) -> Written:
        with self._lock:
            pool = self._pool
        try:
            return pool.submit(write, annotation).result()
        except BrokenProcessPool:
            self._replace(pool)
        # The others that were under way died with it; alone, each shows whether it was the one.
        began = time.monotonic()
        try:
            with _pool(1) as alone:
                return alone.submit(write, annotation).result()
        except BrokenProcessPool:
            if time.monotonic() - began < self._limit_s:
                raise
            return annotation, f"writing its annotated copy or its crops took longer than {self._limit_s:g} seconds"

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = _pool(self._count)


def _pool(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, get_context("spawn"), _prepare)


def _leave_ctrl_c() -> None:
    """Let the processes that this thread starts finish the photo at hand: they inherit what it blocks."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _prepare() -> None:
    """Make a new process one that decodes other people's files."""
    set_limits()
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)  # the C libraries of the decoders print on their own
    os.close(silent)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End even when the parent is killed: waiting for work, a process would not notice."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _write(annotation: Annotation, copies: Copies, template: Template, limit_s: float) -> Written:
    """Write the pictures of one photo; where that takes longer, the process ends, even inside a native library."""
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        return _written(annotation, copies, template)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def _written(annotation: Annotation, copies: Copies, template: Template) -> Written:
    from faceannot.outputs.annotated import write_annotated
    from faceannot.outputs.crops import write_crops

    photo, result, problems = annotation.photo, annotation.result, []
    # What is there by now may be replaced, or is of this run, which was given a photo twice: `prepare` has seen to it.
    if copies.annotated and not annotation.known:
        problems.append(write_annotated(photo, result, copies.annotated, overwrite=True))
    if copies.crops and not annotation.known:
        problems.append(write_crops(photo, result, copies.crops, template, overwrite=True))
    return annotation, next((problem for problem in problems if problem), None)
