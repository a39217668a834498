"""The reading worker: a process of its own that turns photos into pixels, so that a decoder's crash costs one photo."""

from __future__ import annotations

import mmap
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from faceannot import images
from faceannot.errors import PhotoError
from faceannot.images import RgbArray

Answer = str | tuple[int, int, tuple[int, int, int]]  # the reason why not; or full width, full height, shape of `rgb`
Reply = tuple[int, Answer]  # with the number of the request

MEMORY_BYTES = 6 << 30  # of address space; 300 megapixels with transparency take 2.3 GiB (measured)


class Request(NamedTuple):
    """What to read, the picture's largest side in pixels and the time limit in seconds."""

    number: int
    source: Path | bytes
    max_side: int
    limit_s: float


class PixelBlock:
    """Memory that a reader and its worker share: a file without a name, which ends with the last that has it open.

    Unlike `multiprocessing.shared_memory` nothing is left behind by a kill -9, and no /dev/shm is needed.
    """

    def __init__(self, file: int) -> None:
        self.file = file
        self._memory: mmap.mmap | None = None

    def put(self, rgb: RgbArray) -> None:
        """Write pixels. Raises OSError when there is no room for them."""
        if os.fstat(self.file).st_size < rgb.nbytes:
            # Room is taken at once: running out of it while writing to mapped memory would kill the process.
            _take_room(self.file, rgb.nbytes)
        np.copyto(self._view(rgb.shape), rgb)

    def get(self, shape: tuple[int, int, int]) -> RgbArray:
        """The pixels as an array of its own."""
        return self._view(shape).copy()

    def _view(self, shape: tuple[int, ...]) -> RgbArray:
        size = int(np.prod(shape))
        if self._memory is None or len(self._memory) < size:
            self._memory = mmap.mmap(self.file, os.fstat(self.file).st_size)
        return np.frombuffer(self._memory, np.uint8, size).reshape(shape)


def _take_room(file: int, size: int) -> None:
    if sys.platform == "darwin":
        os.ftruncate(file, size)
    else:
        os.posix_fallocate(file, 0, size)


def main(connection_file: int, block_file: int) -> None:
    """Answer requests until the reader closes its end."""
    set_limits()
    connection, block = Connection(connection_file), PixelBlock(block_file)
    connection.send("ready")
    while True:
        try:
            request: Request = connection.recv()
        except EOFError:
            return
        # Ends this process even inside a native decoder, and even when the reader that should do so is gone.
        signal.setitimer(signal.ITIMER_REAL, request.limit_s + 5.0)
        reply: Reply = request.number, answer(request.source, request.max_side, block)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        connection.send(reply)


def set_limits() -> None:
    """No core dumps, and an allocation that fails rather than a computer that swaps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def answer(source: Path | bytes, max_side: int, block: PixelBlock) -> Answer:
    """Read one photo into the block."""
    try:
        picture = images.read(source, max_side=max_side)
        block.put(picture.rgb)
    except PhotoError as error:
        return str(error)
    except (MemoryError, OSError):
        return images.TOO_LARGE
    height, width = picture.rgb.shape[:2]
    return picture.width, picture.height, (height, width, 3)
