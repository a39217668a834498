"""Pictures that occur more than once: the same file, the same pixels, or nearly the same to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from faceannot.balance.entries import Entry
from faceannot.balance.fingerprints import Fingerprint, fingerprint_all
from faceannot.balance.groups import Group, Grouping, examine, grouped
from faceannot.balance.near import near_pairs


@dataclass(frozen=True, slots=True)
class Copies:
    """Each grouping holds the one before: identical files have identical pixels, and those look alike.

    `unread`: the reason for each picture that could not be compared, by its position.
    """

    pictures: int
    identical: Grouping
    pixels: Grouping
    near: Grouping
    unread: Mapping[int, str]


def find_copies(entries: Sequence[Entry], threads: int, seen: Callable[[], object] = lambda: None) -> Copies:
    """Compare the pictures of all entries; `seen` is called after each."""
    prints, unread = fingerprint_all(entries, threads, seen)
    identical = grouped((position, print_.content) for position, print_ in prints.items())
    pixels = grouped((position, print_.pixels) for position, print_ in prints.items())
    return Copies(
        pictures=len(prints) + len(unread),
        identical=examine("identical", identical, entries),
        pixels=examine("pixels", pixels, entries),
        near=examine("near", near_groups(prints), entries),
        unread=unread,
    )


def near_groups(prints: Mapping[int, Fingerprint]) -> list[Group]:
    """Positions of pictures that look alike, or are alike to one that does, and so on; flat ones by their pixels."""
    looks = {position: print_.looks or print_.pixels for position, print_ in prints.items()}
    hashes = sorted({print_.looks for print_ in prints.values() if print_.looks})
    joined = _Joined()
    if hashes:
        array = np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), -1)
        for first, second in near_pairs(array).tolist():
            joined.join(hashes[first], hashes[second])
    return grouped((position, joined.root(look)) for position, look in looks.items())


class _Joined:
    """Disjoint sets of hashes (union-find); each hash is a set of its own at first."""

    def __init__(self) -> None:
        self._parents: dict[bytes, bytes] = {}

    def root(self, look: bytes) -> bytes:
        """The hash that stands for the set of `look`."""
        while (parent := self._parents.get(look, look)) != look:
            self._parents[look] = self._parents.get(parent, parent)
            look = parent
        return look

    def join(self, one: bytes, other: bytes) -> None:
        self._parents[self.root(one)] = self.root(other)
