"""The reader's handle on one worker process: it starts it, asks it, and replaces it when it dies or hangs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

from faceannot._worker import Answer, PixelBlock, Reply, Request
from faceannot.errors import FaceannotError, PhotoError
from faceannot.images import Picture

_START_LIMIT_S = 60.0
# A killed process is gone in milliseconds; one that the kernel holds, over a dead network disk say, may never be.
_END_LIMIT_S = 2.0
# Started by itself rather than through multiprocessing: that would run the caller's main module once more in each
# worker, which a script without an `if __name__ == "__main__"` does not survive.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from faceannot import _worker; _worker.main(int(sys.argv[2]), int(sys.argv[3]))"
)
# glibc gives the memory of each picture back to the system and fetches it anew for the next: told not to, reading
# 12-megapixel JPEGs takes 40 ms instead of 57. One thread, since there are as many processes as are wanted.
_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class _DiedError(Exception):
    """The worker process has ended by itself; the message says how."""


class WorkerProcess:
    """One worker process, started when it is first needed and again whenever it is gone; for one thread at a time.

    `closing`: once it is set no process is started any more.
    """

    def __init__(self, max_side: int, timeout_s: float, closing: Event) -> None:
        self._max_side = max_side
        self._timeout_s = timeout_s
        self._closing = closing
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._requests = 0
        self._block = PixelBlock(_nameless_file())

    def read(self, source: Path | bytes) -> Picture | PhotoError:
        """Have one photo read. Raises FaceannotError when no process can be started."""
        try:
            return self._asked(source)
        except _DiedError:
            # Perhaps killed from outside, for want of memory say: only a second death is the photo's own.
            return self._asked_again(source)

    def _asked_again(self, source: Path | bytes) -> Picture | PhotoError:
        try:
            return self._asked(source)
        except _DiedError as death:
            return PhotoError(f"reading crashed ({death})")

    def _asked(self, source: Path | bytes) -> Picture | PhotoError:
        connection = self._started()
        self._requests += 1
        request = Request(self._requests, source, self._max_side, self._timeout_s)
        try:
            connection.send(request)
            answer = self._answer(connection, request)
        except (EOFError, OSError):
            raise _DiedError(self._cause_of_death()) from None
        if answer is None:
            self._end_process()
            return PhotoError(f"took longer than {self._timeout_s:g} seconds")
        if isinstance(answer, str):
            return PhotoError(answer)
        width, height, shape = answer
        return Picture(self._block.get(shape), width, height)

    def _answer(self, connection: Connection, request: Request) -> Answer | None:
        """The answer to this very request, or None if its time is over first."""
        end = time.monotonic() + request.limit_s
        while connection.poll(max(0.0, end - time.monotonic())):
            reply: Reply = connection.recv()
            number, answer = reply
            if number == request.number:
                return answer
        return None

    def _started(self) -> Connection:
        self._refuse_when_closing()
        if self._process is not None and self._process.poll() is None and self._connection is not None:
            return self._connection
        self._end_process()
        self._process, self._connection = _start(self._block.file)
        self._refuse_when_closing()  # `kill` may have come just before there was a process
        if not _greeted(self._connection):
            raise FaceannotError(f"the reading process does not start ({self._cause_of_death()})")
        return self._connection

    def _refuse_when_closing(self) -> None:
        if self._closing.is_set():
            self._end_process()
            raise FaceannotError("reading was stopped")

    def _cause_of_death(self) -> str:
        """How the process ended, in words; where it has not, it is ended."""
        assert self._process is not None
        try:
            code = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "no answer"
        finally:
            self._end_process()
        return signal.strsignal(-code) or f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End the process at once; may be called from another thread than the one that waits for an answer."""
        process = self._process  # that thread may put None there at any time
        if process is not None:
            process.kill()

    def end(self) -> None:
        """End the process and give back what it used; nothing can be read afterwards."""
        self._end_process()
        os.close(self._block.file)

    def _end_process(self) -> None:
        """End the process and the connection: whatever it still had to say is never heard."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is not None:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_LIMIT_S)


def _nameless_file() -> int:
    """A file in memory where the system has such, and else an unlinked temporary one."""
    try:
        return os.memfd_create("faceannot", os.MFD_CLOEXEC)
    except (AttributeError, OSError):  # not Linux, or forbidden in a container
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())


def _start(block_file: int) -> tuple[subprocess.Popen[bytes], Connection]:
    ours, theirs = socket.socketpair()
    with theirs:
        files = theirs.fileno(), block_file
        arguments = [json.dumps(sys.path), *map(str, files)]
        process = subprocess.Popen(
            # -P: a json.py that lies among the photos in the current folder is none of ours.
            [sys.executable, "-P", "-c", _START, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # the C libraries of the decoders print on their own
            pass_fds=files,
            start_new_session=True,  # Ctrl-C in the terminal is for the reader; it ends the workers
            env=os.environ | _ENVIRONMENT,
        )
    return process, Connection(ours.detach())


def _greeted(connection: Connection) -> bool:
    try:
        return connection.poll(_START_LIMIT_S) and connection.recv() == "ready"
    except (EOFError, OSError):
        return False
