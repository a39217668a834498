"""Hostile files by number: damaged, cut, inflated and mislabelled copies of photos, the same bytes for the same seed.

`Source` is an intact picture in one format; `mutant` makes file number n of a campaign from some of them.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from inflated import ANIMATIONS, BOMBS, LARGE_BOMBS, METADATA, png_with_sums
from PIL import Image

# Labelling those that can be read still takes most of the time.
SMALL_PX, SHARE_OF_ORIGINALS = 96, 0.03
SUFFIXES = (".jpg", ".png", ".webp", ".bmp", ".tif", ".gif", ".avif", ".heic", ".JPEG", ".apng", ".txt", "")
KILOBYTE = 1024
# One file in so many is inflated: those cost the most time.
RARE, RAREST = 400, 4000

# Each format in the kinds of it that have code of their own in the decoders: Pillow's mode, name and options.
KINDS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (".jpg", "RGB", "JPEG", {"quality": 85}),
    (".jpg", "RGB", "JPEG", {"progressive": True, "restart_marker_blocks": 4}),
    (".jpg", "CMYK", "JPEG", {}),
    (".jpg", "L", "JPEG", {}),
    (".mpo", "RGB", "MPO", {"save_all": True, "frames": 2}),
    (".png", "RGB", "PNG", {}),
    (".png", "RGBA", "PNG", {}),
    (".png", "P", "PNG", {}),
    (".png", "I;16", "PNG", {}),
    (".png", "RGB", "PNG", {"save_all": True, "frames": 3}),
    (".webp", "RGB", "WEBP", {}),
    (".webp", "RGBA", "WEBP", {"lossless": True}),
    (".webp", "RGB", "WEBP", {"save_all": True, "frames": 3}),
    (".bmp", "RGB", "BMP", {}),
    (".bmp", "P", "BMP", {}),
    (".tif", "RGB", "TIFF", {}),
    (".tif", "RGB", "TIFF", {"compression": "tiff_lzw"}),
    (".tif", "RGB", "TIFF", {"compression": "jpeg"}),
    (".tif", "RGBA", "TIFF", {"compression": "tiff_adobe_deflate", "big_tiff": True}),
    (".tif", "1", "TIFF", {"compression": "group4"}),
    (".tif", "F", "TIFF", {"save_all": True, "frames": 2}),
    (".gif", "P", "GIF", {}),
    (".gif", "P", "GIF", {"save_all": True, "frames": 3}),
    (".avif", "RGBA", "AVIF", {"speed": 10}),
    (".avif", "RGB", "AVIF", {"speed": 10, "save_all": True, "frames": 2}),
    (".heic", "RGB", "HEIF", {"quality": 60}),
    (".heic", "RGBA", "HEIF", {"save_all": True, "frames": 2}),
)


@dataclass(frozen=True, slots=True)
class Source:
    """An intact picture: its suffix, content and size in pixels."""

    suffix: str
    content: bytes
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A hostile file: what was done to it, its suffix and its content."""

    kind: str
    suffix: str
    content: bytes


def from_photos(paths: Sequence[Path]) -> list[Source]:
    """Photos as they are."""
    sources = []
    for path in paths:
        with Image.open(path) as image:
            sources.append(Source(path.suffix, path.read_bytes(), image.size))
    return sources


def small_sources(photos: Sequence[Path]) -> list[Source]:
    """A generated picture and each photo, small, in all of `KINDS`, in turns."""
    pictures = [_drawn(), *(_opened(path) for path in photos)]
    return [_encoded(pictures[number % len(pictures)], kind) for number, kind in enumerate(_repeated(len(pictures)))]


def _repeated(pictures: int) -> list[tuple[str, str, str, dict[str, Any]]]:
    """All kinds so often that each picture is used; one more kind shifts the pairs from one round to the next."""
    rounds = -(-pictures // len(KINDS)) + 1
    return [kind for number in range(rounds) for kind in (*KINDS, KINDS[number % len(KINDS)])]


def _drawn() -> Image.Image:
    """A picture of no even size, with edges, shades and noise."""
    rows, columns = np.indices((163, 211))
    shades = np.stack([columns, rows, (rows + columns) // 2 % 64 * 4], axis=2)
    noise = np.random.default_rng(1).integers(0, 40, shades.shape)
    return Image.fromarray(np.clip(shades + noise, 0, 255).astype(np.uint8))


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.thumbnail((SMALL_PX, SMALL_PX))
        return image.convert("RGB")


def _encoded(picture: Image.Image, kind: tuple[str, str, str, dict[str, Any]]) -> Source:
    pillow_heif.register_heif_opener()
    suffix, mode, name, options = kind
    image = Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257) if mode == "I;16" else picture
    image = image if image.mode == mode else image.convert(mode)
    options = dict(options)
    frames = options.pop("frames", 1)
    if frames > 1:
        # Frames that are equal would be left out.
        options["append_images"] = [image.transpose(Image.Transpose(turn)) for turn in range(frames - 1)]
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 3, "Camera"
    # Pillow 13 dies of a segmentation fault where it writes an animated AVIF with an orientation.
    if name not in ("BMP", "GIF") and (name != "AVIF" or frames == 1):
        options["exif"] = exif
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return Source(suffix, stream.getvalue(), image.size)


class Campaign:
    """All hostile files that `seed` stands for: number n is always the same, whichever others are made.

    Every other one cuts an original at a further kilobyte, until each has been cut at each; the others are damaged in
    all other ways.
    """

    def __init__(self, originals: Sequence[Source], small: Sequence[Source], seed: int) -> None:
        self._small = small
        self._seed = seed
        self._originals = originals
        self._cuts = [(source, end) for source in originals for end in range(KILOBYTE, len(source.content), KILOBYTE)]
        random.Random(seed).shuffle(self._cuts)

    def mutant(self, number: int) -> Mutant:
        """File `number`, 0 or more."""
        rng = random.Random(f"{self._seed}-{number}")
        if number % RARE == RARE - 1:
            return _inflated(rng, number)
        if number % 2 == 0 and number // 2 < len(self._cuts):
            source, end = self._cuts[number // 2]
            return Mutant("cut-at-kilobyte", source.suffix, source.content[:end])
        pool = self._originals if self._originals and rng.random() < SHARE_OF_ORIGINALS else self._small
        source = rng.choice(pool)
        change = rng.choice(CHANGES)
        content = change(rng, source, pool)
        suffix = rng.choice(SUFFIXES) if rng.random() < 0.2 else source.suffix
        return Mutant(change.__name__.strip("_").replace("_", "-"), suffix, content)


def _inflated(rng: random.Random, number: int) -> Mutant:
    makers = LARGE_BOMBS if number % RAREST == RAREST - 1 else rng.choice([BOMBS, ANIMATIONS, METADATA])
    name = rng.choice(sorted(makers))
    return Mutant(name.replace("_", "-"), rng.choice(SUFFIXES), makers[name]())


def _bits_flipped(rng: random.Random, source: Source, _: Sequence[Source]) -> bytes:
    content = bytearray(source.content)
    for _flip in range(2 ** rng.randrange(10)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return _perhaps_with_sums(rng, bytes(content))


def _header_flipped(rng: random.Random, source: Source, _: Sequence[Source]) -> bytes:
    """Damage near the beginning, where sizes, counts and offsets are."""
    content = bytearray(source.content)
    for _flip in range(rng.randrange(1, 8)):
        at = rng.randrange(4, min(len(content), 600))
        content[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return _perhaps_with_sums(rng, bytes(content))


def _span_overwritten(rng: random.Random, source: Source, _: Sequence[Source]) -> bytes:
    start, end = _span(rng, source.content)
    new = rng.choice((bytes(end - start), b"\xff" * (end - start), rng.randbytes(end - start)))
    return _perhaps_with_sums(rng, source.content[:start] + new + source.content[end:])


def _span_lost(rng: random.Random, source: Source, _: Sequence[Source]) -> bytes:
    start, end = _span(rng, source.content)
    return _perhaps_with_sums(rng, source.content[:start] + source.content[end:])


def _span_repeated(rng: random.Random, source: Source, _: Sequence[Source]) -> bytes:
    start, end = _span(rng, source.content)
    return source.content[:end] + source.content[start:end] * rng.randrange(1, 40) + source.content[end:]


def _cut_anywhere(rng: random.Random, source: Source, _: Sequence[Source]) -> bytes:
    return source.content[: rng.randrange(len(source.content))]


def _header_of_another(rng: random.Random, source: Source, others: Sequence[Source]) -> bytes:
    length = rng.choice((4, 8, 12, 32, 64, 256))
    return rng.choice(others).content[:length] + source.content[length:]


def _end_of_another(rng: random.Random, source: Source, others: Sequence[Source]) -> bytes:
    start, _ = _span(rng, source.content)
    return source.content[:start] + rng.choice(others).content[start:]


def _absurd_dimensions(rng: random.Random, source: Source, _: Sequence[Source]) -> bytes:
    """Another width or height wherever the file seems to say it."""
    content = source.content
    for side in rng.sample(source.size, rng.randrange(1, 3)):
        bytes_wide, order = rng.choice((2, 3, 4)), rng.choice(("big", "little"))
        most = 256**bytes_wide - 1
        new = rng.choice((0, 1, side + 1, side * 2, 16_000, 65_535, most // 2, most))
        said = (side - (bytes_wide == 3)).to_bytes(bytes_wide, order)  # WebP's 24 bits have the side less one
        content = content[:16] + content[16:].replace(said, min(new, most).to_bytes(bytes_wide, order))
    return png_with_sums(content)


def _wrong_suffix(rng: random.Random, source: Source, _: Sequence[Source]) -> bytes:
    return source.content + rng.randbytes(rng.randrange(3))


CHANGES: tuple[Callable[[random.Random, Source, Sequence[Source]], bytes], ...] = (
    _bits_flipped,
    _header_flipped,
    _span_overwritten,
    _span_lost,
    _span_repeated,
    _cut_anywhere,
    _header_of_another,
    _end_of_another,
    _absurd_dimensions,
    _wrong_suffix,
)


def _span(rng: random.Random, content: bytes) -> tuple[int, int]:
    start = rng.randrange(min(len(content), rng.choice((64, 1000, len(content)))))
    return start, min(len(content), start + 2 ** rng.randrange(13))


def _perhaps_with_sums(rng: random.Random, content: bytes) -> bytes:
    """PNG's check sums would stop nearly all damage at the door; put right, it meets the decoder."""
    return png_with_sums(content) if rng.random() < 0.7 else content
