"""A small picture whose four corners tell how it is turned, in every format."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

RgbArray = NDArray[np.uint8]

WIDTH, HEIGHT = 48, 32
RED, GREEN, BLUE, LIGHT = (200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 220)


def quadrants(width: int = WIDTH, height: int = HEIGHT) -> RgbArray:
    """Red and green above blue and light grey, upright."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2], rgb[: height // 2, width // 2 :] = RED, GREEN
    rgb[height // 2 :, : width // 2], rgb[height // 2 :, width // 2 :] = BLUE, LIGHT
    return rgb


def image(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    return Image.fromarray(quadrants(width, height))


def encoded(picture: Image.Image, format_: str, **options: Any) -> bytes:
    if format_ == "HEIF":
        pillow_heif.register_heif_opener()
    stream = io.BytesIO()
    picture.save(stream, format_, **options)
    return stream.getvalue()


def stored(orientation: int) -> Image.Image:
    """The picture as a camera stores it that says "turn me so" with an EXIF orientation (CIPA DC-008, 4.6.4)."""
    up = quadrants()
    turned = {
        1: up,
        2: up[:, ::-1],
        3: up[::-1, ::-1],
        4: up[::-1],
        5: up.transpose(1, 0, 2),
        6: np.rot90(up, 1),
        7: np.rot90(up, 2).transpose(1, 0, 2),
        8: np.rot90(up, -1),
    }
    return Image.fromarray(np.ascontiguousarray(turned[orientation]))


def middles(rgb: RgbArray) -> NDArray[np.int_]:
    """The colours in the middle of the four quadrants, (4, 3), as `quadrants` has them."""
    height, width = rgb.shape[:2]
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    return np.array([rgb[row, column] for row in rows for column in columns], dtype=int)


COLOURS = np.array([RED, GREEN, BLUE, LIGHT])
GREYS = np.array([[value] * 3 for value in np.asarray(image().convert("L"))[[8, 8, 24, 24], [12, 36, 12, 36]]], int)
