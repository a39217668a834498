"""What tells pictures apart: hashes of their bytes, of their pixels and of what they look like."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from faceannot.balance.entries import Entry
from faceannot.balance.perceptual import perceptual_hash, thumbnail
from faceannot.errors import PhotoError
from faceannot.images import read


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`content`, `pixels`: SHA-256 of the file and of the upright RGB picture with its size.

    `looks`: the perceptual hash; None for a picture that is flat.
    """

    content: bytes
    pixels: bytes
    looks: bytes | None


def fingerprint(content: bytes) -> Fingerprint:
    """The fingerprint of an encoded picture. Raises PhotoError where it cannot be decoded."""
    rgb = read(content).rgb
    pixels = hashlib.sha256(np.array(rgb.shape, np.int64).tobytes())
    pixels.update(rgb.tobytes())
    looks = perceptual_hash(thumbnail(rgb))
    return Fingerprint(hashlib.sha256(content).digest(), pixels.digest(), None if looks is None else looks.tobytes())


def fingerprint_all(
    entries: Sequence[Entry], threads: int, seen: Callable[[], object]
) -> tuple[dict[int, Fingerprint], dict[int, str]]:
    """The fingerprint of each entry that has a picture, and the reason for each that cannot be read, by position.

    `seen` is called after each picture, in this thread.
    """
    prints: dict[int, Fingerprint] = {}
    failures: dict[int, str] = {}
    readers = {position: entry.content for position, entry in enumerate(entries) if entry.content}
    pool = ThreadPoolExecutor(threads)
    try:
        for position, result in zip(readers, pool.map(_attempt, readers.values()), strict=True):
            if isinstance(result, Fingerprint):
                prints[position] = result
            else:
                failures[position] = result
            seen()
    finally:
        # Ctrl-C must not wait for all pictures that are still in the queue.
        pool.shutdown(cancel_futures=True)
    return prints, failures


def _attempt(content: Callable[[], bytes]) -> Fingerprint | str:
    try:
        return fingerprint(content())
    except PhotoError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
