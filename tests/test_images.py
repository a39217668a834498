"""Reading one photo: formats, orientation, size, and what is said of files that are no photos."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from faceannot import images
from faceannot.errors import PhotoError
from tests.quadrants import COLOURS, GREYS, HEIGHT, WIDTH, encoded, image, middles, quadrants, stored

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "HEIF")
GREY = image().convert("L")
GREY_16 = Image.fromarray(np.asarray(GREY).astype(np.uint16) * 256 + 99)
RGB_16 = quadrants().astype(np.uint16) * 256 + 99
BLACK = Image.new("RGB", (WIDTH, HEIGHT))


def animated(format_: str) -> bytes:
    """The picture, then a black one."""
    return encoded(image(), format_, save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))])


def translucent() -> Image.Image:
    """The first quadrant wholly transparent, the second half, the others not."""
    alpha = np.full((HEIGHT, WIDTH), 255, np.uint8)
    alpha[: HEIGHT // 2, : WIDTH // 2], alpha[: HEIGHT // 2, WIDTH // 2 :] = 0, 128
    return Image.fromarray(np.dstack([quadrants(), alpha]))


def by_cv2(suffix: str, array: np.ndarray) -> bytes:
    bgr = np.ascontiguousarray(array[..., ::-1] if array.ndim == 3 else array)
    return cv2.imencode(suffix, bgr)[1].tobytes()


def noise(side: int = 300) -> Image.Image:
    """A picture that does not compress, so that a cut hits pixels and not headers."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (side, side, 3), dtype=np.uint8))


def reason(source: Path | bytes) -> str:
    with pytest.raises(PhotoError) as caught:
        images.read(source)
    return str(caught.value)


@pytest.mark.parametrize("format_", FORMATS)
def test_reads_every_format_in_its_colours(format_: str) -> None:
    picture = images.read(encoded(image(), format_))
    assert (picture.width, picture.height, picture.rgb.shape) == (WIDTH, HEIGHT, (HEIGHT, WIDTH, 3))
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.flags.c_contiguous
    np.testing.assert_allclose(middles(picture.rgb), COLOURS, atol=5)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(encoded(image(), "JPEG", progressive=True), id="progressive JPEG"),
        pytest.param(encoded(image().convert("CMYK"), "JPEG", quality=95), id="CMYK JPEG, inverted as Adobe does"),
        pytest.param(encoded(image().convert("CMYK"), "TIFF"), id="CMYK TIFF"),
        pytest.param(encoded(image().convert("YCbCr"), "TIFF"), id="YCbCr TIFF"),
        pytest.param(encoded(image(), "TIFF", compression="jpeg"), id="JPEG in TIFF"),
        pytest.param(encoded(image(), "TIFF", compression="tiff_lzw"), id="LZW TIFF"),
        pytest.param(encoded(image(), "TIFF", big_tiff=True), id="BigTIFF"),
        pytest.param(encoded(image().quantize(8), "PNG"), id="palette PNG"),
        pytest.param(encoded(image().quantize(8), "BMP"), id="palette BMP"),
        pytest.param(by_cv2(".png", RGB_16), id="16-bit PNG"),
        pytest.param(by_cv2(".tiff", RGB_16), id="16-bit TIFF"),
        pytest.param(animated("MPO"), id="MPO of a stereo camera"),
        pytest.param(animated("GIF"), id="first frame of an animated GIF"),
        pytest.param(animated("WEBP"), id="first frame of an animated WebP"),
        pytest.param(animated("AVIF"), id="first frame of an animated AVIF"),
        pytest.param(animated("PNG"), id="first frame of an animated PNG"),
        pytest.param(animated("TIFF"), id="first page of a TIFF"),
    ],
)
def test_reads_the_kinds_of_colour_pictures(content: bytes) -> None:
    np.testing.assert_allclose(middles(images.read(content).rgb), COLOURS, atol=5)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(encoded(GREY, "JPEG"), id="JPEG"),
        pytest.param(encoded(GREY, "PNG"), id="PNG"),
        pytest.param(encoded(GREY.convert("LA"), "PNG"), id="PNG with alpha"),
        pytest.param(encoded(GREY, "HEIF"), id="HEIC"),
        pytest.param(encoded(GREY_16, "PNG"), id="16-bit PNG"),
        pytest.param(encoded(GREY_16, "TIFF"), id="16-bit TIFF"),
        pytest.param(encoded(Image.fromarray(np.asarray(GREY).astype(np.int32)), "TIFF"), id="32-bit TIFF"),
        pytest.param(encoded(Image.fromarray(np.asarray(GREY, np.float32) / 255), "TIFF"), id="float TIFF, 0 to 1"),
        pytest.param(encoded(Image.fromarray(np.asarray(GREY, np.float32)), "TIFF"), id="float TIFF, 0 to 255"),
        pytest.param(encoded(Image.fromarray(np.asarray(GREY, np.float32) * 257), "TIFF"), id="float TIFF, to 65535"),
    ],
)
def test_reads_the_kinds_of_grey_pictures(content: bytes) -> None:
    np.testing.assert_allclose(middles(images.read(content).rgb), GREYS, atol=2)


@pytest.mark.parametrize("format_", ["PNG", "BMP", "TIFF"])
def test_reads_one_bit_pictures(format_: str) -> None:
    black_and_white = Image.fromarray(np.where(np.asarray(GREY) > 100, 255, 0).astype(np.uint8)).convert("1")
    assert middles(images.read(encoded(black_and_white, format_)).rgb)[:, 0].tolist() == [0, 255, 0, 255]


def test_what_is_no_number_in_a_float_picture_is_black() -> None:
    values = np.asarray(GREY, np.float32) / 255
    values[:16, 24:], values[16:, 24:] = np.nan, np.inf
    grey = middles(images.read(encoded(Image.fromarray(values), "TIFF")).rgb)[:, 0]
    assert grey.tolist() == [GREYS[0, 0], 0, GREYS[2, 0], 0]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(encoded(translucent(), "PNG"), id="PNG"),
        pytest.param(encoded(translucent(), "TIFF"), id="TIFF"),
        pytest.param(encoded(translucent(), "WEBP", lossless=True), id="WebP"),
        pytest.param(encoded(translucent(), "AVIF"), id="AVIF"),
        pytest.param(encoded(translucent(), "HEIF"), id="HEIC"),
        pytest.param(encoded(translucent().quantize(8), "PNG"), id="palette PNG"),
    ],
)
def test_transparent_parts_lie_on_white(content: bytes) -> None:
    expected = [(255, 255, 255), (142, 227, 142), COLOURS[2], COLOURS[3]]
    np.testing.assert_allclose(middles(images.read(content).rgb), expected, atol=5)


def test_a_transparent_colour_lies_on_white() -> None:
    content = encoded(image(), "PNG", transparency=tuple(COLOURS[0].tolist()))
    np.testing.assert_array_equal(middles(images.read(content).rgb), [(255, 255, 255), *COLOURS[1:].tolist()])


def test_shrinking_keeps_hidden_colours_out_of_transparent_edges() -> None:
    rgba = np.zeros((400, 400, 4), np.uint8)  # black, wherever it is transparent
    rgba[:, 201:] = (255, 255, 255, 255)
    assert images.read(encoded(Image.fromarray(rgba), "PNG"), max_side=40).rgb.min() == 255


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright_once(format_: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(stored(orientation), format_, exif=exif if format_ == "TIFF" else exif.tobytes())
    picture = images.read(content)
    assert (picture.width, picture.height, picture.rgb.shape) == (WIDTH, HEIGHT, (HEIGHT, WIDTH, 3))
    np.testing.assert_allclose(middles(picture.rgb), COLOURS, atol=5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_that_is_shrunk_while_decoding_is_upright_too(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    large = stored(orientation)
    large = large.resize((large.width * 20, large.height * 20), Image.Resampling.NEAREST)
    picture = images.read(encoded(large, "JPEG", exif=exif.tobytes()), max_side=240)
    assert (picture.width, picture.height, picture.rgb.shape) == (WIDTH * 20, HEIGHT * 20, (160, 240, 3))
    np.testing.assert_allclose(middles(picture.rgb), COLOURS, atol=5)


@pytest.mark.parametrize("format_", ["AVIF", "HEIF"])
def test_the_container_decides_the_orientation_of_heic_and_avif_not_their_exif(format_: str) -> None:
    exif = Image.Exif()
    exif[0x0113] = 6  # renamed below: the encoders would make 0x0112 the container's own
    content = encoded(image(), format_, exif=exif.tobytes())
    other, orientation = (bytes.fromhex(f"{tag} 0003 00000001 0006") for tag in ("0113", "0112"))
    assert other in content
    np.testing.assert_allclose(middles(images.read(content.replace(other, orientation)).rgb), COLOURS, atol=5)


def test_the_first_picture_of_a_heic_is_the_one_that_it_names_so() -> None:
    heif = pillow_heif.from_pillow(BLACK)
    heif.add_from_pillow(image())
    stream = io.BytesIO()
    heif.save(stream, primary_index=1)
    np.testing.assert_allclose(middles(images.read(stream.getvalue()).rgb), COLOURS, atol=5)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x09\x01"]
)
def test_a_damaged_exif_block_does_not_cost_the_photo(exif: bytes) -> None:
    np.testing.assert_allclose(middles(images.read(encoded(image(), "JPEG", exif=exif)).rgb), COLOURS, atol=5)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_out_of_range_means_upright(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    np.testing.assert_allclose(middles(images.read(encoded(image(), "JPEG", exif=exif.tobytes())).rgb), COLOURS, atol=5)


def test_the_content_decides_the_format_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(encoded(image(), "HEIF"))
    np.testing.assert_allclose(middles(images.read(path).rgb), COLOURS, atol=5)


@given(
    width=st.integers(1, 400),
    height=st.integers(1, 400),
    max_side=st.integers(1, 300),
    format_=st.sampled_from(["JPEG", "PNG"]),
)
def test_no_side_is_above_the_largest_side_and_none_is_wasted(
    width: int, height: int, max_side: int, format_: str
) -> None:
    picture = images.read(encoded(image(width, height), format_), max_side=max_side)
    longest = max(picture.rgb.shape)
    assert (picture.width, picture.height) == (width, height)
    assert longest <= max(max_side, 3)
    assert longest >= min(0.75 * max_side - 1, width, height)
    assert picture.scale == max(width, height) / max(picture.rgb.shape[:2])


@pytest.mark.parametrize("side", [1024, 1152, 1504, 1856, 2000, 3520])
def test_a_shrunk_jpeg_is_the_area_average_of_the_whole(side: int) -> None:
    content = encoded(
        noise(48).convert("L").resize((side, side * 3 // 4), Image.Resampling.BICUBIC), "JPEG", quality=95
    )
    shrunk = images.read(content, max_side=1024).rgb.astype(int)
    height, width = shrunk.shape[:2]
    average = cv2.resize(images.read(content).rgb, (width, height), interpolation=cv2.INTER_AREA).astype(int)
    shifted_by_half = (average[:, 1:] + average[:, :-1]) / 2
    assert np.abs(shrunk - average).mean() < 0.5 * np.abs(shifted_by_half - average[:, 1:]).mean()


def test_a_large_jpeg_is_shrunk_inside_its_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(noise(200).resize((4032, 3024), Image.Resampling.BICUBIC), "JPEG", quality=90)
    decoded = []
    load = JpegImageFile.load

    def watched(image: JpegImageFile) -> object:
        decoded.append(image.size)
        return load(image)

    monkeypatch.setattr(JpegImageFile, "load", watched)
    images.read(content, max_side=2048)
    assert set(decoded) == {(2016, 1512)}


def test_black_and_white_pictures_are_averaged_when_shrunk() -> None:
    checks = Image.fromarray((np.indices((100, 100)).sum(axis=0) % 2 * 255).astype(np.uint8))
    for picture in (checks.convert("1"), checks.convert("P")):
        rgb = images.read(encoded(picture, "PNG"), max_side=10).rgb
        assert 120 < rgb.min() <= rgb.max() < 135


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16"])
def test_every_kind_of_picture_can_be_shrunk(mode: str) -> None:
    tall = Image.new(mode, (30, 1000))
    stream = io.BytesIO()
    tall.save(stream, "PNG" if mode in ("LA", "P") else "TIFF")
    assert images.read(stream.getvalue(), max_side=300).rgb.shape in {(250, 8, 3), (300, 9, 3)}


def test_an_array_is_taken_as_it_is_and_shrunk() -> None:
    rgb = quadrants(480, 320)
    assert images.read(rgb).rgb is rgb
    picture = images.read(rgb, max_side=48)
    assert (picture.width, picture.height, picture.rgb.shape) == (480, 320, (32, 48, 3))
    np.testing.assert_array_equal(middles(picture.rgb), COLOURS)


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), "u1")]
)
def test_an_array_of_another_shape_or_type_is_refused(array: np.ndarray) -> None:
    assert "an array must be (height, width, 3) uint8" in reason(array)


def test_the_pixels_can_be_written_to() -> None:
    images.read(encoded(image(), "PNG")).rgb[:] = 0


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_a_file_that_ends_too_early_is_said_to(format_: str, share: float) -> None:
    content = encoded(noise(), format_)
    said = reason(content[: int(len(content) * share)])
    assert (
        said
        == f"damaged {format_.replace('HEIF', 'HEIC').replace('WEBP', 'WebP')}: the file ends before the picture does"
    )


@pytest.mark.parametrize("format_", FORMATS)
def test_a_damaged_file_has_a_reason_on_one_line(format_: str) -> None:
    content = encoded(noise(60), format_)
    for start in range(0, len(content), max(1, len(content) // 60)):
        damaged = content[:start] + bytes(20) + content[start + 20 :]
        try:
            images.read(damaged)
        except PhotoError as error:
            assert str(error)
            assert "\n" not in str(error)
            assert len(str(error)) < 250


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"BM", b"GIF89a", b"II*\0", b"\0\0\0\x18ftypavif"])
)
def test_any_bytes_are_a_picture_or_a_reason(content: bytes, start: bytes) -> None:
    try:
        images.read(start + content)
    except PhotoError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"%PDF-1.7\n", "not a photo: looks like a PDF document"),
        (b"<!DOCTYPE html><html>404", "not a photo: looks like a web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a photo: looks like an SVG or XML file"),
        (b"Dear diary,\n", "not a photo: looks like text"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "not a photo: looks like a video (MP4 or QuickTime)"),
        (b"RIFF\0\0\0\0WAVEfmt ", "not a photo: looks like a sound or a video (RIFF)"),
        (bytes(5000), "not a photo: nothing but zeros, as a broken copy or a failing disk leaves behind"),
        (b"\x07\x13\x99", "not a photo: not JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF or HEIC"),
        (b"II*\0\x10\0\0\0CR\2\0", "not a photo: looks like a raw camera file; export it as JPEG first"),
    ],
)
def test_what_is_no_photo_is_named(content: bytes, said: str) -> None:
    assert reason(content) == said


def png_header(width: int, height: int) -> bytes:
    """A PNG of any size, whose pixels are of no account."""
    content = bytearray(encoded(Image.new("1", (1, 1)), "PNG"))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    assert reason(png_header(40000, 40000)) == "too large: 40000 x 40000 pixels, more than 300 megapixels"


def test_a_picture_of_two_hundred_megapixels_is_not_too_large() -> None:
    assert "too large" not in reason(png_header(16320, 12240))


def test_our_limit_of_pixels_is_the_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # the host program's own
    for format_ in FORMATS:
        assert images.read(encoded(image(), format_)).width == WIDTH


def test_what_is_no_plain_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    assert reason(pipe) == "not a file but a pipe, a socket or a device"
    assert reason(tmp_path) == "a folder, not a photo"
    assert reason(tmp_path / "none.jpg") == "no such file"
    assert reason(tmp_path / ("x" * 300)) == "cannot be read: File name too long"
    assert reason(Path("a\0b.jpg")) == "no such file: its name has a NUL character"


def test_a_sparse_file_of_many_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.heic"
    with path.open("wb") as file:
        file.write(b"\0\0\0\x18ftypheic")
        file.truncate(3 << 30)
    assert reason(path) == "too large: 3.0 GiB, more than 2 GiB"


def test_reading_leaves_pillow_as_it_was_and_warns_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50_000_000)
    filters = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reason(png_header(12000, 12000))  # large enough for Pillow's warning of a decompression bomb
        images.read(encoded(image().quantize(8), "PNG", transparency=bytes(8)))
    assert Image.MAX_IMAGE_PIXELS == 50_000_000
    assert list(warnings.filters) == filters


def test_opencv_is_not_needed_to_read_photos(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    path.write_bytes(encoded(GREY_16, "TIFF"))
    code = (
        f"import sys; from faceannot import images; images.read(__import__('pathlib').Path({str(path)!r}), max_side=9)"
    )
    subprocess.run([sys.executable, "-c", f"{code}; assert 'cv2' not in sys.modules"], check=True, timeout=60)
