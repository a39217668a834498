"""Lists of paths that somebody may still be writing: their entries as they come, and pauses."""

from __future__ import annotations

import select
from collections.abc import Iterator
from typing import BinaryIO

from faceannot.errors import InputError
from faceannot.pipeline import PAUSE_S

_MAX_PATH_BYTES = 65536  # sixteen times Linux's limit; a longer entry means that the list is no list


def entries(stream: BinaryIO, title: str, separator: bytes) -> Iterator[bytes | None]:
    """What a stream has between separators, as it arrives; a writer that is slow to send more holds nothing back.

    Gives a pause (see `pipeline`) whenever nothing has arrived for a moment. `title`: what messages call the stream.
    Raises InputError where it is no list of paths.
    """
    rest = b""
    first = True
    for chunk in _chunks(stream):
        if chunk is None:
            yield None
            continue
        if first:
            chunk = _without_mark(chunk, title)
            first = False
        *entries, rest = (rest + chunk).split(separator)
        if len(rest) > _MAX_PATH_BYTES:
            raise InputError(f"{title} is not a list of paths: an entry is longer than any path")
        yield from entries
    yield rest


def _chunks(stream: BinaryIO) -> Iterator[bytes | None]:
    """What has arrived, each time that something has, and a pause whenever nothing has for a moment."""
    receive = getattr(stream, "read1", stream.read)
    while True:
        while not _has_more(stream):
            yield None
        chunk: bytes = receive(_MAX_PATH_BYTES)
        if not chunk:
            return
        yield chunk


def _has_more(stream: BinaryIO) -> bool:
    """Whether reading would not wait; waits for a moment to find out. What cannot say so is read."""
    try:
        return bool(select.select([stream], [], [], PAUSE_S)[0])
    except (OSError, TypeError, ValueError):
        return True


def _without_mark(chunk: bytes, title: str) -> bytes:
    if chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{title} is written in UTF-16: save it as UTF-8")
    return chunk.removeprefix(b"\xef\xbb\xbf")
