"""Small pictures and entries for the tests of the balance report."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceannot.balance.entries import Entry

RgbArray = NDArray[np.uint8]


def scene(seed: int, side: int = 96) -> RgbArray:
    """A picture of blurred blobs, as low in frequencies as a photo; the same `seed` gives the same picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (10, 10, 3), dtype=np.uint8)
    return np.array(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def encoded(rgb: RgbArray, image_format: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, image_format, **options)
    return stream.getvalue()


def entry(name: str, content: bytes | None = None, *, source: str = "set", **known: Any) -> Entry:
    """An entry whose picture is `content`."""
    return Entry(source, name, None if content is None else lambda: content, **known)


def entries(size: int, **known: Any) -> list[Entry]:
    """`size` entries without pictures that are known to be the same."""
    return [entry(f"{number}.png", **known) for number in range(size)]


def saved(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
