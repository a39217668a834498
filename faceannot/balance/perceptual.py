"""A hash of what a picture looks like: the same for a copy that was compressed again or resized a little."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

RgbArray = NDArray[np.uint8]
Hash = NDArray[np.uint8]

THUMBNAIL_PX = 32
# Frequencies in each direction. The lowest 16 of 32 outlive compression; 255 of them leave room between the copies of
# one picture and two pictures of aligned faces, which all look alike in the lowest 8.
FREQUENCIES = 16
HASH_BYTES = FREQUENCIES * FREQUENCIES // 8
# Grey levels; below that the signs are those of noise.
FLAT_BELOW = 2.0


def thumbnail(rgb: RgbArray) -> NDArray[np.float32]:
    """A picture (height, width, 3) as (32, 32) grey levels."""
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    grey = Image.fromarray(rgb).convert("L").resize(size, Image.Resampling.BILINEAR)
    return np.asarray(grey, dtype=np.float32)


def perceptual_hash(grey: NDArray[np.float32]) -> Hash | None:
    """The signs of the low frequencies of (32, 32) grey levels, packed into 32 bytes; None for a flat picture.

    The frequencies are those of the discrete cosine transform. The mean is left out, so that neither brightness
    nor contrast matters.
    """
    if grey.std() < FLAT_BELOW:
        return None
    basis = _cosines()
    signs = (basis @ grey @ basis.T > 0).ravel()
    signs[0] = False
    return np.packbits(signs)


@cache
def _cosines() -> NDArray[np.float32]:
    """The first `FREQUENCIES` rows of the DCT-II matrix."""
    frequency = np.arange(FREQUENCIES)[:, None]
    place = np.arange(THUMBNAIL_PX)[None, :] + 0.5
    return np.cos(np.pi / THUMBNAIL_PX * frequency * place).astype(np.float32)
