"""Copies: the same file, the same pixels, nearly the same; and pictures that cannot be read."""

from __future__ import annotations

import numpy as np

from faceannot.balance.duplicates import find_copies
from faceannot.balance.entries import Entry
from tests.balance.making import encoded, entry, scene

FILE = encoded(scene(1))
SAME_PIXELS = encoded(scene(1), compress_level=0)
SAME_LOOKS = encoded(scene(1), "JPEG", quality=70)
OTHER = encoded(scene(2))


def test_the_same_file_the_same_pixels_and_the_same_looks_are_told_apart() -> None:
    contents = (FILE, OTHER, FILE, SAME_PIXELS, SAME_LOOKS)
    copies = find_copies([entry(f"{n}.png", content) for n, content in enumerate(contents)], threads=2)
    assert copies.identical.groups == ((0, 2),)
    assert copies.pixels.groups == ((0, 2, 3),)
    assert copies.near.groups == ((0, 2, 3, 4),)


def test_copies_of_copies_are_one_group() -> None:
    first = scene(5).astype(np.float32)
    other = scene(6).astype(np.float32)
    blends = [encoded((first * (1 - part) + other * part).astype(np.uint8)) for part in (0, 0.08, 0.16, 0.24, 0.32)]
    copies = find_copies([entry(f"{n}.png", content) for n, content in enumerate(blends)], threads=1)
    assert copies.near.groups == ((0, 1, 2, 3, 4),)


def test_flat_pictures_are_copies_only_if_their_pixels_are_the_same() -> None:
    grey, white = (encoded(np.full((32, 32, 3), level, np.uint8)) for level in (128, 255))
    copies = find_copies([entry("a", grey), entry("b", white), entry("c", grey)], threads=1)
    assert copies.near.groups == ((0, 2),)


def test_a_picture_that_cannot_be_read_is_named_with_its_reason() -> None:
    def missing() -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    broken = [entry("a.png", FILE), entry("b.png", b"no picture"), Entry("set", "c.png", missing)]
    copies = find_copies(broken, threads=2)
    assert set(copies.unread) == {1, 2}
    assert copies.unread[2] == "No such file or directory"
    assert copies.pictures == 3


def test_the_later_faces_of_one_picture_are_no_copies_of_the_first() -> None:
    copies = find_copies([entry("a.png", FILE), entry("a.png")], threads=1)
    assert (copies.pictures, copies.identical.groups) == (1, ())


def test_each_picture_is_told_of_once_it_is_compared() -> None:
    seen: list[int] = []
    find_copies([entry("a", FILE), entry("b", OTHER)], threads=2, seen=lambda: seen.append(1))
    assert len(seen) == 2
