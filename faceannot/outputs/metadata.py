"""What an annotated copy keeps of its original beside the pixels: EXIF, colour profile, JPEG quality."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from PIL import ExifTags, Image

from faceannot.images import MAX_METADATA_BYTES, RgbArray, pillow_left_free

_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 92, "subsampling": 0},
    "PNG": {"compress_level": 3},  # a third of the time of the usual 6, for an eighth more bytes (12 megapixels)
    "WEBP": {"quality": 95},
}
# Sum of the brightness table that Pillow's quality 92 quantizes with; a smaller sum is a finer original.
_SUM_AT_92 = 592
_EXIF_HEADER = b"Exif\0\0"
_LONGEST_EXIF = 65_527  # what one JPEG segment holds beside that header
_TAG_BYTES = 12
_MOST_CHUNKS, _FRAME_HEADER_BYTES = 100, 16  # of a WebP
# A TIFF's other tags say how its own pixels are stored.
_KEPT_OF_TIFF = (
    *(ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.DateTime),
    *(ExifTags.Base.Artist, ExifTags.Base.Copyright),
)


def options_like(source: Path | bytes | RgbArray, image_format: str) -> dict[str, Any]:
    """Pillow's options that save an upright RGB copy of a photo as much like it as the format allows.

    JPEG gets the original's quantization where that is finer than quality 92, and never subsampled colours, which
    would blur the text. WebP without loss stays so. What is damaged in the original is left out.
    """
    kept = _OPTIONS[image_format]
    if not isinstance(source, Path | bytes):
        return kept
    try:
        with (
            pillow_left_free(),
            Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image,
        ):
            return {**kept, **_packing(image, image_format), **_blocks(image, image_format)}
    except Exception:  # whatever Pillow's parsers trip over; the pixels are there, that must do
        return kept


def _packing(image: Image.Image, image_format: str) -> dict[str, Any]:
    if image_format == image.format == "WEBP" and _is_lossless(image):
        return {"lossless": True, "quality": 50}  # which is the effort here, not the quality
    tables = getattr(image, "quantization", None)
    if image_format == "JPEG" and tables and sum(tables[min(tables)]) < _SUM_AT_92:
        return {"qtables": tables, "quality": -1}
    return {}


def _is_lossless(image: Image.Image) -> bool:
    """Whether the first picture of a WebP is packed without loss (RFC 9649, section 2)."""
    stream, at = cast("BinaryIO", getattr(image, "fp")), 12  # noqa: B009 - only pictures from files have it
    for _ in range(_MOST_CHUNKS):
        stream.seek(at)
        name, size = stream.read(4), int.from_bytes(stream.read(4), "little")
        if name in (b"VP8L", b"VP8 ", b""):
            return name == b"VP8L"
        at += 8 + (_FRAME_HEADER_BYTES if name == b"ANMF" else size + size % 2)
    return False


def _blocks(image: Image.Image, image_format: str) -> dict[str, Any]:
    exif = image.info.get("exif") or (_exif_of_tiff(image) if image.format == "TIFF" else b"")
    profile = image.info.get("icc_profile") or b""
    fits = 0 < len(exif) <= (_LONGEST_EXIF if image_format == "JPEG" else MAX_METADATA_BYTES)
    blocks = {"exif": upright(exif)} if fits else {}
    # The copy is RGB: a profile for CMYK or grey would spoil its colours.
    return {**blocks, "icc_profile": profile} if profile[16:20] == b"RGB " else blocks


def upright(exif: bytes) -> bytes:
    """An EXIF block whose orientation says upright and whose thumbnail, which would show the old picture, is cut off.

    Changed in place (TIFF 6.0, section 2), because writing it anew breaks the makers' notes.
    """
    data = bytearray(exif)
    start = len(_EXIF_HEADER) if exif.startswith(_EXIF_HEADER) else 0
    order: Literal["little", "big"] = "little" if exif[start : start + 2] == b"II" else "big"
    directory = start + int.from_bytes(data[start + 4 : start + 8], order)
    tags = directory + 2
    end = tags + _TAG_BYTES * int.from_bytes(data[directory:tags], order)
    if end + 4 > len(data):
        return exif
    for at in range(tags, end, _TAG_BYTES):
        if int.from_bytes(data[at : at + 2], order) == ExifTags.Base.Orientation:
            data[at + 8 : at + 10] = (1).to_bytes(2, order)
    data[end : end + 4] = bytes(4)
    return bytes(data)


def _exif_of_tiff(image: Image.Image) -> bytes:
    found, kept = image.getexif(), Image.Exif()
    for tag in _KEPT_OF_TIFF:
        if tag in found:
            kept[tag] = found[tag]
    for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        kept.get_ifd(directory).update(found.get_ifd(directory))
    return kept.tobytes()
