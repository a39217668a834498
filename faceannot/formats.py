"""The photo formats that faceannot reads, told by a file's first bytes, and names for what is none of them."""

from __future__ import annotations

import os
from typing import BinaryIO

from faceannot.errors import PhotoError

# Suffixes that make a file in a folder a photo. A file that is named itself is read whatever its suffix.
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"}
    | {".avif", ".heic", ".heif", ".hif"}
)
HEAD_BYTES = 64  # as many of a file's first bytes as `identify` looks at

_FORMATS: dict[bytes, str] = {
    b"\xff\xd8": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"}
_OTHERS: dict[bytes, str] = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript file",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x1f\x8b": "a gzip archive",
    b"8BPS": "a Photoshop file",
    b"gimp xcf": "a GIMP file",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 file",
    b"\xff\x4f\xff\x51": "a JPEG 2000 file",
    b"\0\0\0\x0cJXL ": "a JPEG XL file",
    b"\xff\x0a": "a JPEG XL file",
    b"\0\0\x01\0": "an icon file",
    b"\x1aE\xdf\xa3": "a video (Matroska or WebM)",
    b"FUJIFILMCCD-RAW": "a raw camera file",
    b"IIRO": "a raw camera file",
    b"IIRS": "a raw camera file",
    b"IIU\0": "a raw camera file",
    b"version https://git-lfs": "a Git LFS pointer, not the photo itself",
}

_MOST_BOXES = 1000  # photos have three to ten


def identify(head: bytes) -> str:
    """Pillow's name of the format of a file that begins with `head` (`HEAD_BYTES`, or all of a shorter file).

    Raises PhotoError that says what the file looks like when it is not a photo.
    """
    if not head:
        raise PhotoError("the file is empty")
    if head[4:8] == b"ftyp":
        return _boxed(head)
    if head[:4] == b"RIFF":
        return _riff(head)
    if head[:2] == b"II" and head[8:10] == b"CR":
        raise PhotoError("not a photo: looks like a raw camera file; export it as JPEG first")
    for start, name in _FORMATS.items():
        if head.startswith(start):
            return name
    raise PhotoError(f"not a photo: {_guess(head)}")


def ends_early(stream: BinaryIO, name: str) -> bool:
    """Whether a WebP, AVIF or HEIC file is shorter than it says itself; False for the other formats."""
    size = stream.seek(0, os.SEEK_END)
    if name == "WEBP":
        stream.seek(4)
        return size < 8 + int.from_bytes(stream.read(4), "little")
    return name in ("AVIF", "HEIF") and size < _end_of_boxes(stream, size)


def _end_of_boxes(stream: BinaryIO, size: int) -> int:
    """Where the outermost boxes of an ISO base media file end by their own account."""
    end = 0
    for _ in range(_MOST_BOXES):
        stream.seek(end)
        header = stream.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:], "big")
        if end >= size or length < 8:  # a length of 0 means: to the end of the file
            break
        end += length
    return end


def _boxed(head: bytes) -> str:
    """Tell AVIF, HEIC and video apart by the brands of an ISO base media file (ISO/IEC 14496-12)."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12]} | {head[start : start + 4] for start in range(16, length, 4)}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIF_BRANDS:
        return "HEIF"
    if head[8:11] == b"crx":
        raise PhotoError("not a photo: looks like a raw camera file; export it as JPEG first")
    raise PhotoError("not a photo: looks like a video (MP4 or QuickTime)")


def _riff(head: bytes) -> str:
    if head[8:12] == b"WEBP":
        return "WEBP"
    raise PhotoError("not a photo: looks like a sound or a video (RIFF)")


def _guess(head: bytes) -> str:
    for start, name in _OTHERS.items():
        if head.startswith(start):
            return f"looks like {name}"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "looks like a web page"
    if text.startswith((b"<svg", b"<?xml")):
        return "looks like an SVG or XML file"
    if not head.strip(b"\0"):
        return "nothing but zeros, as a broken copy or a failing disk leaves behind"
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in head) and head.isascii():
        return "looks like text"
    return "not JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF or HEIC"
