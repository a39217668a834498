"""Read photos in worker processes, in order and a few ahead; a decoder that crashes or hangs costs one photo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from types import TracebackType
from typing import Self

import numpy as np

from faceannot import images
from faceannot._worker_process import WorkerProcess
from faceannot.errors import PhotoError
from faceannot.images import Picture, RgbArray
from faceannot.inputs import Photo
from faceannot.pipeline import mapped, without_pauses

_AHEAD = 3  # photos asked for ahead of the one that is waited for, per worker


class ReaderPool:
    """Reads photos in `workers` processes; a context manager, whose end also ends the processes.

    `max_side`: pictures are shrunk until neither side is above it. `timeout_s`: time for one photo, in seconds.
    `threads` and `ahead`: what a stage needs that reads with `read_one`.
    """

    def __init__(self, workers: int, *, max_side: int, timeout_s: float = 60.0) -> None:
        self._max_side = max_side
        self.ahead = _AHEAD * workers + 1
        self._closing = Event()
        self._workers = [WorkerProcess(max_side, timeout_s, self._closing) for _ in range(workers)]
        self._idle: SimpleQueue[WorkerProcess] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        # One thread for each process: it waits for its answer and takes the pixels over.
        self.threads = ThreadPoolExecutor(workers, thread_name_prefix="faceannot-reader")

    def read(self, photos: Iterable[Photo]) -> Iterator[tuple[Photo, Picture | PhotoError]]:
        """Read photos, in their order, a few ahead of the one asked for. What is read goes on before more is pulled."""
        return without_pauses(
            mapped(lambda photo: (photo, self.read_one(photo)), photos, executor=self.threads, ahead=self.ahead)
        )

    def read_one(self, photo: Photo) -> Picture | PhotoError:
        """Read one photo; to be called by `threads`.

        A photo that cannot be read gives a PhotoError, and so does one whose decoder crashes or takes too long: only
        that photo is lost. Each picture owns its pixels. A source that is an array is passed on without a worker.
        Raises FaceannotError when the processes cannot be started at all.
        """
        if isinstance(photo.source, np.ndarray):
            return _passed_on(photo.source, self._max_side)
        worker = self._idle.get()
        try:
            return worker.read(photo.source)
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End the processes at once, also those that are reading."""
        self._closing.set()
        self.threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()
        self.threads.shutdown(wait=True)
        for worker in self._workers:
            worker.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _passed_on(rgb: RgbArray, max_side: int) -> Picture | PhotoError:
    try:
        return images.read(rgb, max_side=max_side)
    except PhotoError as error:
        return error
