"""Files that once crashed, hung, exhausted or misled: each is read in bounded time, or refused with a true reason.

All are made here or by benchmarks/inflated.py; none comes from elsewhere.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import PngImagePlugin

from benchmarks import inflated
from faceannot import images
from faceannot.errors import PhotoError
from tests.quadrants import COLOURS, HEIGHT, WIDTH, encoded, image, middles

MEGABYTE = 1 << 20
ROOT = Path(__file__).parents[2]
READ_SHORT_OF_MEMORY = """
import resource, sys
from pathlib import Path
from PIL import Image, AvifImagePlugin, GifImagePlugin, TiffImagePlugin, WebPImagePlugin
import faceannot.images as images
now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + (int(sys.argv[1]) << 20),) * 2)
try:
    images.read(Path(sys.argv[2]), max_side=100)
except images.PhotoError as error:
    print(error)
"""
QUICK = {
    name: make
    for group in (inflated.BOMBS, inflated.ANIMATIONS, inflated.METADATA)
    for name, make in group.items()
    if name not in ("bomb_gif_lzw", "tiff_of_many_pages", "metadata_png_much_text")
}


def reason(content: bytes) -> str:
    with pytest.raises(PhotoError) as caught:
        images.read(content, max_side=100)
    return str(caught.value)


@pytest.mark.parametrize("name", QUICK)
def test_an_inflated_file_is_read_or_refused_with_a_reason(name: str) -> None:
    began = time.process_time()
    try:
        picture = images.read(QUICK[name](), max_side=100)
    except PhotoError as error:
        assert str(error).startswith(("too large: ", "damaged "))
    else:
        assert max(picture.rgb.shape) <= 100
    assert time.process_time() - began < 20


@pytest.mark.parametrize("name", ["endless_gif", "endless_webp", "endless_apng", "apng_of_no_frames", "tiff_in_a_ring"])
def test_the_first_picture_of_an_endless_file_is_read(name: str) -> None:
    assert images.read(inflated.ANIMATIONS[name]()).width == 32


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            encoded(image(), "BMP")[:30] + (6).to_bytes(4, "little") + encoded(image(), "BMP")[34:],
            "damaged BMP, or of a kind that is not supported: Unsupported BMP compression (6)",
            id="a BMP that is whole and of a rare kind",
        ),
        pytest.param(
            inflated.packed_tiff(64, 50_001, b"RIFF"),
            "damaged TIFF, or of a kind that is not supported: its compression, webp",
            id="a TIFF that is packed in a rare way",
        ),
        pytest.param(
            inflated.METADATA["metadata_png_text_bomb"](),
            "too large: the text or the colour profile in this PNG, not its picture; save it without them",
            id="a PNG with 200 megabytes of text",
        ),
        pytest.param(
            inflated.METADATA["metadata_png_profile_bomb"](),
            "too large: the text or the colour profile in this PNG, not its picture; save it without them",
            id="a PNG with a profile of 200 megabytes",
        ),
        pytest.param(
            inflated.METADATA["metadata_png_much_text"](),
            "too large: the text or the colour profile in this PNG, not its picture; save it without them",
            id="a PNG with many texts",
        ),
    ],
)
def test_the_reason_is_true(content: bytes, said: str) -> None:
    assert reason(content) == said


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
@pytest.mark.parametrize("behind", [False, True])
def test_metadata_of_some_megabytes_do_not_cost_the_photo(name: bytes, behind: bool) -> None:
    plain = encoded(image(), "PNG")
    at = len(plain) - 12 if behind and name == b"zTXt" else plain.index(b"IDAT") - 4
    large = inflated.chunk(name, b"x\0\0" + inflated.zeros_packed(20 * MEGABYTE))
    limit = PngImagePlugin.MAX_TEXT_CHUNK
    np.testing.assert_allclose(middles(images.read(plain[:at] + large + plain[at:]).rgb), COLOURS, atol=5)
    assert limit == PngImagePlugin.MAX_TEXT_CHUNK


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize(
    ("content", "megabytes", "said"),
    [
        pytest.param(inflated.png(10_000, 10_000, colours=2), 200, images.TOO_LARGE, id="PNG"),
        # The room for the pixels is there, that for libtiff's strip is not: "decoder error -9".
        pytest.param(
            inflated.packed_tiff(10_000, 8, inflated.zeros_packed(3 * 10_000**2), channels=3),
            550,
            images.TOO_LARGE,
            id="TIFF",
        ),
        pytest.param(
            inflated.webp_of_one_colour(16_000, 16_000), 200, f"damaged WebP, or {images.TOO_LARGE}", id="WebP"
        ),
    ],
)
def test_want_of_memory_is_not_called_damage(tmp_path: Path, content: bytes, megabytes: int, said: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    command = [sys.executable, "-c", READ_SHORT_OF_MEMORY, str(megabytes), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert (done.stdout, done.stderr) == (f"{said}\n", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("decoder error -9 when reading image file", images.TOO_LARGE),
        ("Pixel allocation failed: Out of memory", images.TOO_LARGE),
        ("Memory allocation error: Unspecified: Allocating 72000015 bytes failed", images.TOO_LARGE),
        ("cannot load this image", "damaged JPEG: broken data stream"),
        ("codec configuration error when reading image file", "damaged JPEG: broken data stream"),
        (
            "Failed to decode image: Not implemented",
            "damaged JPEG, or of a kind that is not supported: Failed to decode",
        ),
    ],
)
def test_what_libraries_say_is_put_into_words(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    def failing(*_: object) -> None:
        raise OSError(text)

    monkeypatch.setattr(images, "_decode", failing)
    assert reason(encoded(image(WIDTH, HEIGHT), "JPEG")).startswith(said)


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), KeyError(65_535), IndexError("out of range")])
def test_what_a_parser_stumbles_over_is_no_riddle(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(images, "_decode", failing)
    assert reason(encoded(image(WIDTH, HEIGHT), "JPEG")) == "damaged JPEG: broken data stream"
