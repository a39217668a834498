"""The pixels of an example, whether they are a file of their own or lie with others in one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from faceannot.datasets import fer2013, happy_h5
from faceannot.errors import PhotoError

if TYPE_CHECKING:
    from faceannot.images import RgbArray


def read(path: Path, index: int | None) -> RgbArray:
    """Picture `index` of `path`, or `path` itself, (height, width, 3) uint8. Raises `PhotoError`."""
    if index is None:
        from faceannot import images

        return images.read(path).rgb
    if path.suffix in happy_h5.SUFFIXES:
        return happy_h5.picture(path, index)
    return fer2013.picture(path, index)


def content(path: Path, index: int | None) -> bytes:
    """The bytes of a file, or the pixels of picture `index` in it. Raises `PhotoError`."""
    if index is not None:
        return read(path, index).tobytes()
    try:
        return path.read_bytes()
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error
