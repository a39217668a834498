"""One process that writes copies, for one thread at a time; a writer that crashes or hangs costs one photo."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeAlias

from faceannot._worker import set_limits
from faceannot.annotator import Annotation
from faceannot.errors import DiskFullError

Write: TypeAlias = Callable[[Annotation], str | None]
Reply: TypeAlias = str | DiskFullError | None

_END_LIMIT_S = 2.0
# Not multiprocessing's: its queues need semaphores, which there are none of without /dev/shm, and the death of one of
# its processes takes the others of the pool along.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from faceannot.outputs import copy_process; copy_process.main(int(sys.argv[2]))"
)


class _DiedError(Exception):
    """The process has ended by itself."""


class CopyProcess:
    """Started when it is first needed, and again whenever it is gone. `limit_s`: time for one photo, in seconds."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def run(self, write: Write, annotation: Annotation) -> str | None:
        """What `write` says of one photo: None, or why its copies could not be written.

        Raises DiskFullError where no other photo would fare better.
        """
        try:
            return self._asked(write, annotation)
        except _DiedError:
            # Perhaps killed from outside, for want of memory say: only a second death is the photo's own.
            return self._asked_again(write, annotation)

    def _asked_again(self, write: Write, annotation: Annotation) -> str | None:
        try:
            return self._asked(write, annotation)
        except _DiedError:
            return "writing its annotated copy or its crops crashed"

    def _asked(self, write: Write, annotation: Annotation) -> str | None:
        connection = self._started()
        try:
            connection.send((write, annotation, self._limit_s))
            if not connection.poll(self._limit_s):
                self._kill()
                return f"writing its annotated copy or its crops took longer than {self._limit_s:g} seconds"
            reply: Reply = connection.recv()
        except (EOFError, OSError):
            self._kill()
            raise _DiedError from None
        if isinstance(reply, DiskFullError):
            raise reply
        return reply

    def _started(self) -> Connection:
        if self._process is None or self._process.poll() is not None or self._connection is None:
            self._kill()
            self._process, self._connection = _start()
        return self._connection

    def _kill(self) -> None:
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is not None:
            process.kill()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_LIMIT_S)

    def end(self) -> None:
        """End the process; it has nothing to do any more."""
        self._kill()


def _start() -> tuple[subprocess.Popen[bytes], Connection]:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            # -P: a json.py that lies among the photos in the current folder is none of ours.
            [sys.executable, "-P", "-c", _START, json.dumps(sys.path), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # the C libraries of the decoders print on their own
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C in the terminal is for the parent; the photo at hand is finished
        )
    return process, Connection(ours.detach())


def main(connection_file: int) -> None:
    """Answer requests until the parent closes its end, or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_limits()
    connection = Connection(connection_file)
    while True:
        try:
            write, annotation, limit_s = connection.recv()
        except EOFError:
            return
        # Ends this process even inside a native library, and even when the parent that should do so is gone.
        signal.setitimer(signal.ITIMER_REAL, limit_s + 5.0)
        reply = _reply(write, annotation)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        connection.send(reply)


def _reply(write: Write, annotation: Annotation) -> Reply:
    try:
        return write(annotation)
    except DiskFullError as error:
        return error
    # Whatever one photo brings about must not cost the others.
    except Exception as error:
        from faceannot.outputs.saving import reason

        return f"its annotated copy or its crops could not be written: {reason(error)}"
