"""Small pictures that a page carries inside itself."""

from __future__ import annotations

import base64
import io

from PIL import Image

SIDE_PX = 96
_QUALITY = 72


def thumbnail(image: Image.Image) -> str:
    """`image` as the address (data URI) of a JPEG with at most 96 pixels a side."""
    small = image.copy()
    small.thumbnail((SIDE_PX, SIDE_PX))
    encoded = io.BytesIO()
    small.save(encoded, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.getvalue()).decode('ascii')}"
