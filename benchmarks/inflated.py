"""Small files that want to become large: decompression bombs, endless animations, huge metadata.

Each function makes one; pictures that Pillow is needed for are made once.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from PIL import Image

Maker = Callable[[], bytes]
_PNG = b"\x89PNG\r\n\x1a\n"
_MEGABYTE = 1 << 20


def png(width: int, height: int, *, bits: int = 8, colours: int = 0, chunks: bytes = b"", rows: int = -1) -> bytes:
    """A black PNG of any size; `rows`: how many of them the data hold; `colours`: PNG's colour type."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
    row = 1 + (width * channels * bits + 7) // 8
    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    data = zeros_packed(row * (height if rows < 0 else rows))
    return _PNG + chunk(b"IHDR", header) + chunks + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def png_with_sums(content: bytes) -> bytes:
    """The same file, a PNG's check sums put right as far as its chunks can be followed."""
    if not content.startswith(_PNG):
        return content
    fixed, at = bytearray(content), len(_PNG)
    while at + 12 <= len(fixed):
        end = at + 8 + int.from_bytes(fixed[at : at + 4], "big")
        if end + 4 > len(fixed):
            break
        fixed[end : end + 4] = zlib.crc32(fixed[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(fixed)


def zeros_packed(length: int) -> bytes:
    """So many zeros as a zlib stream (RFC 1950), put together from one block of them: any length takes no time."""
    packer = zlib.compressobj(9, wbits=-15)
    one = packer.compress(bytes(_MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = packer.compress(bytes(length % _MEGABYTE)) + packer.flush()
    return b"\x78\x9c" + one * (length // _MEGABYTE) + rest + struct.pack(">HH", length % 65_521, 1)


@cache
def black(width: int, height: int, mode: str, format_: str, **options: Any) -> bytes:
    """A black picture of any size as Pillow writes it."""
    stream = io.BytesIO()
    Image.new(mode, (width, height)).save(stream, format_, **options)
    return stream.getvalue()


def jpeg_with(*segments: tuple[int, bytes], repeat: int = 1) -> bytes:
    """A small JPEG with segments (marker, data) after its start, all of them `repeat` times."""
    written = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data for marker, data in segments)
    return b"\xff\xd8" + written * repeat + black(64, 48, "RGB", "JPEG")[2:]


def tiff(tags: list[tuple[int, int, int, int]], *, following: int = 0, data: bytes = b"") -> bytes:
    """A TIFF of one directory: tags as (number, type, count, value), the offset of the next directory, then `data`.

    The directory begins at byte 8; `data` at byte 14 + 12 x tags.
    """
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + data


def packed_tiff(side: int, compression: int, data: bytes, *, bits: int = 8, channels: int = 1) -> bytes:
    """A square TIFF of one strip, `compression` being TIFF's number for how `data` are packed."""
    start = 14 + 12 * 10
    sizes = [(256, 4, 1, side), (257, 4, 1, side), (278, 4, 1, side), (277, 3, 1, channels)]
    kind = [(259, 3, 1, compression), (262, 3, 1, 2 if channels == 3 else 1), (339, 3, 1, 3 if bits == 32 else 1)]
    # One tag has room for two values; those of three channels lie behind the directory.
    values = struct.pack("<3H", *[bits] * 3)
    depth = (258, 3, channels, bits if channels == 1 else start)
    strip = [(273, 4, 1, start + len(values)), (279, 4, 1, len(data))]
    return tiff([*sizes, *kind, depth, *strip], data=values + data)


def jpeg(width: int, height: int) -> bytes:
    """A grey JPEG of any size: in Pillow's tables each block without a change takes the six bits 001010."""
    small = black(8, 8, "L", "JPEG")
    scan = small.index(b"\xff\xda") + 10
    size = small.index(b"\xff\xc0") + 5
    blocks = -(-width // 8) * -(-height // 8)
    data = bytes([0x28, 0xA2, 0x8A]) * -(-blocks // 4)
    return small[:size] + struct.pack(">HH", height, width) + small[size + 4 : scan] + data + b"\xff\xd9"


def jpeg_of_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG that refines its picture again and again (a few bytes for each time)."""
    content = black(side, side, "L", "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * scans + b"\xff\xd9"


def webp_of_one_colour(width: int, height: int) -> bytes:
    """A lossless WebP of any size up to 16,383: its pixels take no bits at all."""
    content = bytearray(black(64, 64, "RGB", "WEBP", lossless=True, method=0, quality=0))
    at = content.index(b"VP8L") + 9
    bits = int.from_bytes(content[at : at + 4], "little") & ~((1 << 28) - 1)
    content[at : at + 4] = (bits | (width - 1) | (height - 1) << 14).to_bytes(4, "little")
    return bytes(content)


def bmp_beyond_the_file() -> bytes:
    """A BMP of 17,000 x 17,000 pixels, of which 100 are there."""
    content = black(10, 10, "RGB", "BMP")
    return content[:18] + struct.pack("<II", 17_000, 17_000) + content[26:]


@cache
def animated(format_: str, frames: int, **options: Any) -> bytes:
    """Frames that differ, so that none is left out."""
    pictures = [
        Image.new("RGB", (32, 32), (number * 37 % 256, number // 256 * 37 % 256, 0)) for number in range(frames)
    ]
    stream = io.BytesIO()
    pictures[0].save(stream, format_, save_all=True, append_images=pictures[1:], **options)
    return stream.getvalue()


def gif_of_frames(frames: int) -> bytes:
    """A GIF that shows one frame again and again, for ever."""
    one = animated("GIF", 2, loop=0)
    start = one.index(b"\x21\xf9\x04")
    return one[:start] + one[start:-1] * (frames // 2) + b";"


def webp_of_frames(frames: int) -> bytes:
    """A WebP with the same frame again and again."""
    one = animated("WEBP", 2, loop=0)
    start = one.index(b"ANMF")
    body = one[8:start] + one[start:] * (frames // 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def apng_of_frames(frames: int) -> bytes:
    """A PNG that announces so many frames and has three."""
    content = animated("PNG", 3)
    at = content.index(b"acTL") + 4
    return png_with_sums(content[:at] + struct.pack(">II", frames, 0) + content[at + 8 :])


def tiff_in_a_ring() -> bytes:
    """A TIFF whose next page is itself."""
    content = packed_tiff(32, 1, bytes(32 * 32))
    following = 10 + 12 * 10
    return content[:following] + struct.pack("<I", 8) + content[following + 4 :]


def avif_or_heic_with_a_long_box(brand: bytes) -> bytes:
    """Boxes within boxes, each as long as the file."""
    return struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + b"mif1" + brand + struct.pack(">I", 1 << 31) * 4000


def exif_in_a_ring() -> bytes:
    """An EXIF block whose directories point at one another for ever."""
    ring = (
        b"Exif\0\0MM\0*\0\0\0\x08\0\x02" + struct.pack(">HHII", 0x8769, 4, 1, 8) + struct.pack(">HHII", 0x8825, 4, 1, 8)
    )
    return jpeg_with((0xE1, ring + struct.pack(">I", 8)))


BOMBS: dict[str, Maker] = {
    "bomb_png_grey_100_megapixels": lambda: png(10_000, 10_000),
    "bomb_png_bits_290_megapixels": lambda: png(17_000, 17_000, bits=1),
    "bomb_png_beyond_the_limit": lambda: png(50_000, 50_000, bits=1, rows=100),
    "bomb_png_two_pixels_high": lambda: png(100_000_000, 2, bits=1),
    "bomb_png_one_pixel_wide": lambda: png(1, 5_000_000),
    "bomb_png_more_data_than_rows": lambda: png(8, 8, rows=400_000_000),
    "bomb_png_ends_early": lambda: png(16_000, 16_000, colours=2, rows=5),
    "bomb_gif_lzw": lambda: black(10_000, 10_000, "P", "GIF"),
    "bomb_tiff_group4": lambda: packed_tiff(17_000, 4, b"\xff" * 2_200, bits=1),  # a bit a row
    "bomb_tiff_packbits": lambda: packed_tiff(16_384, 32_773, b"\x81\0" * (16_384 * 128)),
    "bomb_tiff_of_floats": lambda: packed_tiff(8_000, 8, zeros_packed(4 * 8_000**2), bits=32),
    "bomb_tiff_beyond_the_file": lambda: packed_tiff(17_000, 1, bytes(100)),
    "bomb_jpeg_200_megapixels": lambda: jpeg(16_320, 12_240),
    "bomb_jpeg_longest": lambda: jpeg(65_500, 4_000),
    "bomb_bmp_beyond_the_file": bmp_beyond_the_file,
}
LARGE_BOMBS: dict[str, Maker] = {
    "bomb_png_rgba_290_megapixels": lambda: png(17_000, 17_000, colours=6),
    "bomb_png_rgba_16_bits": lambda: png(17_000, 17_000, colours=6, bits=16),
    "bomb_tiff_290_megapixels": lambda: packed_tiff(17_000, 8, zeros_packed(3 * 17_000**2), channels=3),
    "bomb_tiff_floats_290_megapixels": lambda: packed_tiff(17_000, 8, zeros_packed(4 * 17_000**2), bits=32),
    "bomb_jpeg_of_many_scans": lambda: jpeg_of_scans(4_000, 30_000),
    "bomb_webp_largest": lambda: webp_of_one_colour(16_383, 16_383),
}
ANIMATIONS: dict[str, Maker] = {
    "endless_gif": lambda: gif_of_frames(200_000),
    "endless_webp": lambda: webp_of_frames(50_000),
    "endless_apng": lambda: apng_of_frames(2**31 - 1),
    "apng_of_no_frames": lambda: apng_of_frames(0),
    "avif_of_many_frames": lambda: animated("AVIF", 300, speed=10),
    "tiff_in_a_ring": tiff_in_a_ring,
    "tiff_of_many_pages": lambda: animated("TIFF", 300),
}
METADATA: dict[str, Maker] = {
    "metadata_png_text_bomb": lambda: png(64, 64, chunks=chunk(b"zTXt", b"x\0\0" + zeros_packed(200 * _MEGABYTE))),
    "metadata_png_profile_bomb": lambda: png(64, 64, chunks=chunk(b"iCCP", b"x\0\0" + zeros_packed(200 * _MEGABYTE))),
    "metadata_png_much_text": lambda: png(64, 64, chunks=chunk(b"tEXt", b"x\0" + b"y" * 8 * _MEGABYTE) * 10),
    "metadata_jpeg_comments": lambda: jpeg_with((0xFE, b"x" * 65_000), repeat=400),
    "metadata_jpeg_exif_in_pieces": lambda: jpeg_with((0xE1, b"Exif\0\0" + b"MM\0*" + b"\0" * 65_000), repeat=300),
    "metadata_jpeg_profile_in_pieces": lambda: jpeg_with((0xE2, b"ICC_PROFILE\0\x01\xff" + b"x" * 65_000), repeat=255),
    "metadata_exif_in_a_ring": exif_in_a_ring,
    "metadata_tiff_endless_tag": lambda: tiff([(256, 3, 1, 32), (257, 3, 1, 32), (270, 2, 2**32 - 1, 8)]),
    "metadata_tiff_many_strips": lambda: tiff(
        [(256, 3, 1, 32), (257, 3, 1, 32), (273, 4, 2_000_000, 50)], data=bytes(8_000_000)
    ),
    "metadata_avif_boxes": lambda: avif_or_heic_with_a_long_box(b"avif"),
    "metadata_heic_boxes": lambda: avif_or_heic_with_a_long_box(b"heic"),
}
