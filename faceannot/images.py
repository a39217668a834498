"""One photo - a file, its content or an array - to an upright RGB array and its scale, or a reason why not."""

from __future__ import annotations

import io
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, PngImagePlugin, UnidentifiedImageError

from faceannot.errors import PhotoError
from faceannot.formats import HEAD_BYTES, ends_early, identify

RgbArray = NDArray[np.uint8]

TOO_LARGE = "too large for this computer's memory"
MAX_PIXELS = 300_000_000  # above the 200 megapixels of today's telephones; four bytes a pixel while decoding
MAX_BYTES = 2 << 30  # HEIC, AVIF and WebP are decoded from memory
# What one text or colour profile of a PNG may unpack to. Pillow's megabyte is less than the editing history that some
# programs write, or the table of a printer's profile: it would cost the photo.
MAX_METADATA_BYTES = 32 << 20

# A whole-number reduction that ends at this share of `max_side` or more is taken as it is: inside the JPEG decoder it
# costs less than nothing, while resampling the last few per cent costs as much as decoding (12 megapixels, measured).
_ENOUGH = 0.75

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What the libraries say of an allocation that failed, each in its words, in lower case; -9 is Pillow's number for it.
_NO_MEMORY = ("out of memory", "memory allocation", "decoder error -9")
# What they say of data that they do not understand; only their makers know more by it.
_BROKEN = (
    "decoder error",
    "cannot load this image",
    "codec configuration error",
    "unrecognized data stream contents",
    "unknown error",
)
# What parsers raise that stumble over what a file says; their texts are about the parser.
_STUMBLES = (ArithmeticError, LookupError, AssertionError, AttributeError, TypeError)
# What libwebp's errors come to, of whichever kind they are.
_BROKEN_OR_NO_MEMORY = ("could not create decoder object", "failed to read next frame")
# Ways to pack a TIFF that Pillow knows by name and that not every build of it can undo.
_RARE_IN_TIFF = ("webp", "zstd", "lzma", "tiff_thunderscan", "tiff_sgilog", "tiff_sgilog24")
# Pillow keeps its limits and the warning filters for the whole process; only one thread at a time changes them.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as the detector wants it.

    `rgb`: (height, width, 3) uint8, C-contiguous, upright (EXIF orientation applied), perhaps shrunk.
    `width`, `height`: of the upright photo at full size, in pixels.
    """

    rgb: RgbArray
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Full-size pixels per pixel of `rgb`, 1.0 or more."""
        height, width, _ = self.rgb.shape
        return float(max(self.width, self.height) / max(height, width))


def read(source: Path | bytes | RgbArray, *, max_side: int | None = None) -> Picture:
    """Read one photo, upright, in RGB, with neither side above `max_side` pixels.

    The content decides the format, not the name: JPEG, PNG, WebP, BMP, TIFF, GIF (first frame), AVIF, HEIC.
    Transparency lies on white; 16-bit and floating-point grey are scaled to 8 bits. An array is (height, width, 3),
    uint8, RGB, and is taken as upright.
    Raises PhotoError with the reason, on one line, for a person.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_side)
    try:
        with _stream(source) as stream:
            return _from_stream(stream, max_side)
    except MemoryError:
        raise PhotoError(TOO_LARGE) from None
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error


def _from_array(rgb: RgbArray, max_side: int | None) -> Picture:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
        raise PhotoError(f"an array must be (height, width, 3) uint8, not {rgb.shape} {rgb.dtype}")
    height, width = rgb.shape[:2]
    rgb = np.ascontiguousarray(rgb)
    if max_side is not None and max(width, height) > max_side:
        rgb = np.array(_shrink(Image.fromarray(rgb), max_side))
    return Picture(rgb, width, height)


@contextmanager
def _stream(source: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    check_file(source)
    with source.open("rb") as file:
        yield file


def check_file(path: Path) -> None:
    """Refuse what is no plain file before it is opened: opening a named pipe would wait for ever."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            next(path.iterdir(), None)
            raise PhotoError("a folder, not a photo")
    except FileNotFoundError:
        raise PhotoError("no such file") from None
    except ValueError:
        raise PhotoError("no such file: its name has a NUL character") from None
    if not stat.S_ISREG(status.st_mode):
        raise PhotoError("not a file but a pipe, a socket or a device")
    if status.st_size > MAX_BYTES:
        raise PhotoError(f"too large: {status.st_size / 2**30:.1f} GiB, more than {MAX_BYTES >> 30} GiB")


def _from_stream(stream: BinaryIO, max_side: int | None) -> Picture:
    name = identify(stream.read(HEAD_BYTES))
    stream.seek(0)
    try:
        return _decode(_open(stream, name), max_side)
    except (PhotoError, MemoryError):
        raise
    # Broken files make Pillow raise whatever its parsers trip over: struct.error, KeyError, ZeroDivisionError ...
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise PhotoError(_damage(error, name, stream)) from error


@lru_cache(maxsize=1)
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


@contextmanager
def pillow_left_free() -> Iterator[None]:
    """With our limits instead of Pillow's and without its warnings; all is as it was afterwards."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limits = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = None, MAX_METADATA_BYTES
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = limits


def _open(stream: BinaryIO, name: str) -> Image.Image:
    """Read the header, and refuse what is too large before it is decoded."""
    if name == "HEIF":
        _register_heif()
    with pillow_left_free():
        image = Image.open(stream, formats=[name])
    if image.width * image.height > MAX_PIXELS:
        raise PhotoError(
            f"too large: {image.width} x {image.height} pixels, more than {MAX_PIXELS // 1_000_000} megapixels"
        )
    return image


def _decode(image: Image.Image, max_side: int | None) -> Picture:
    width, height = image.size
    if max_side is not None:
        _draft(image, max_side)
    _load(image)
    # Asked after loading: Pillow turns a TIFF while it loads, and takes the orientation off.
    orientation = _orientation(image)
    if image.mode in ("I", "F"):  # four bytes a value, and several copies of them while they are brought to one
        image = _shrink(image, max_side)
    image = _opaque(_shrink(_plain(image), max_side))
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    return Picture(np.array(image), width, height)


def _load(image: Image.Image) -> None:
    # Those that ask for a limit again: a TIFF for the pixels, a PNG for what it says behind the picture.
    with pillow_left_free() if image.format in ("TIFF", "PNG") else nullcontext():
        try:
            image.load()
        except OSError:
            if image.info.get("compression") in _RARE_IN_TIFF:
                raise NotImplementedError(f"its compression, {image.info['compression']}") from None
            raise


def _draft(image: Image.Image, max_side: int) -> None:
    """Let the JPEG decoder shrink by 2, 4 or 8 inside its inverse cosine transform: most of the work then falls away.

    For other formats Pillow's `draft` does nothing.
    """
    side = max(image.size)
    factor = next((by for by in (8, 4, 2) if side / by >= _ENOUGH * max_side), 1)
    if factor > 1:
        image.draft(None, (max(1, image.width // factor), max(1, image.height // factor)))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8. A photo with a damaged EXIF block is taken as upright rather than lost."""
    try:
        with pillow_left_free():
            return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # struct.error, SyntaxError, TypeError ...: whatever the parser trips over
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """Turn the modes that cannot be shrunk by averaging (palette, 1-bit, more than 8 bits) into those that can."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(image)))
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("1", "P"):
        return image.convert("RGB")
    return image


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey values of any type to 0..255. White is what the type or the values suggest: 1, 255, 65535 or the largest."""
    if values.dtype.kind == "u":
        return np.asarray(values >> 8, dtype=np.uint8)
    grey = np.nan_to_num(values.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    largest = float(grey.max())
    bounds = (1.0, 255.0, 65535.0) if values.dtype.kind == "f" else (255.0, 65535.0)
    white = next((bound for bound in bounds if largest <= bound), largest)
    np.clip(grey, 0.0, white, out=grey)
    grey *= 255.0 / white
    return np.asarray(np.round(grey, out=grey), dtype=np.uint8)


def _shrink(image: Image.Image, max_side: int | None) -> Image.Image:
    """Average over areas until neither side is above `max_side`."""
    side = max(image.size)
    if max_side is None or side <= max_side:
        return image
    factor = -(-side // max_side)
    if side / factor >= _ENOUGH * max_side:
        return image.reduce(factor)
    size = tuple(max(1, round(length * max_side / side)) for length in image.size)
    return image.resize((size[0], size[1]), Image.Resampling.HAMMING, reducing_gap=2.0)


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _damage(error: Exception, name: str, stream: BinaryIO) -> str:
    """One line that tells a person what is wrong with a file that could not be decoded."""
    title = {"HEIF": "HEIC", "WEBP": "WebP"}.get(name, name)
    text = " ".join(str(error).split()).removesuffix(" when reading image file")
    said = text.lower()
    if any(words in said for words in _NO_MEMORY):
        return TOO_LARGE
    if any(words in said for words in ("truncated", "end of file")) or isinstance(error, EOFError):
        return f"damaged {title}: the file ends before the picture does"
    if ends_early(stream, name):
        return f"damaged {title}: the file ends before the picture does"
    if "max_text" in said or "decompressed data too large" in said:
        return f"too large: the text or the colour profile in this {title}, not its picture; save it without them"
    if isinstance(error, UnidentifiedImageError):
        return f"damaged {title}, or of a kind that is not supported: its header cannot be read"
    if isinstance(error, NotImplementedError) or any(words in said for words in ("unsupported", "not implemented")):
        return f"damaged {title}, or of a kind that is not supported: {text[:200]}"
    if said.startswith(_BROKEN_OR_NO_MEMORY):
        return f"damaged {title}, or {TOO_LARGE}"
    if not text or said.startswith(_BROKEN) or isinstance(error, _STUMBLES):
        text = "broken data stream"
    return f"damaged {title}: {text[:200]}"
