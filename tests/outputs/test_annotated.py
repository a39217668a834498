"""Annotated copies: what they keep of the original, where they go, what they never touch."""

from __future__ import annotations

import os
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from faceannot.images import TOO_LARGE, read
from faceannot.inputs import Photo
from faceannot.outputs.annotated import write_annotated
from faceannot.outputs.metadata import upright
from faceannot.outputs.saving import is_ours
from faceannot.records import Box, PhotoResult
from tests.outputs.results import face, failed, photo_result

TURNED = 6  # the camera was turned: 90 degrees clockwise makes it upright


def picture(width: int = 160, height: int = 120) -> Image.Image:
    """Smooth colours, which every format keeps nearly as they are."""
    across, down = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 200, height))
    return Image.fromarray(np.dstack([across, down, across * 0 + 90]).astype(np.uint8))


def photo(folder: Path, name: str, image: Image.Image | None = None, **options: Any) -> Photo:
    path = folder / "photos" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or picture()).save(path, **options)
    return Photo(name, path)


def result_for(name: str, width: int = 160, height: int = 120) -> PhotoResult:
    return photo_result(name, face(1, Box(60, 50, 40, 50)), width=width, height=height)


def exif_of_a_camera() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    exif[ExifTags.Base.Orientation] = TURNED
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:02:03 04:05:06"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return exif


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp"])
def test_a_copy_keeps_name_and_format_and_shows_the_face(tmp_path: Path, out: Path, name: str) -> None:
    original = photo(tmp_path, f"a/{name}")
    assert write_annotated(original, result_for(original.name), out) is None
    with Image.open(out / "a" / name) as copy, Image.open(tmp_path / "photos/a" / name) as source:
        assert (copy.format, copy.size) == (source.format, source.size)
        difference = np.abs(np.asarray(copy.convert("RGB"), int) - np.asarray(source.convert("RGB"), int)).max(axis=2)
    assert difference[:, 59:62].max() > 60, "the box is there"
    assert difference[110:, 130:].max() < 12, "what is far from it stays"


@pytest.mark.parametrize("name", ["x.bmp", "x.tif", "x.gif"])
def test_a_copy_of_another_format_is_a_jpeg_with_a_longer_name(tmp_path: Path, out: Path, name: str) -> None:
    original = photo(tmp_path, name)
    assert write_annotated(original, result_for(name), out) is None
    with Image.open(out / f"{name}.annotated.jpg") as copy:
        assert copy.format == "JPEG"


def test_photos_that_differ_in_folder_or_suffix_alone_do_not_collide(tmp_path: Path, out: Path) -> None:
    names = ["a/x.jpg", "b/x.jpg", "a/x.png", "a/x.bmp"]
    for name in names:
        assert write_annotated(photo(tmp_path, name), result_for(name), out) is None
    assert len([path for path in out.rglob("*") if path.is_file()]) == len(names)


@pytest.mark.parametrize("name", [os.fsdecode(b"caf\xe9.jpg"), "日本語.jpg", "עברית.jpg", "line\nfeed.jpg", "=x.jpg"])
def test_names_in_any_script_stay_as_they_are(tmp_path: Path, out: Path, name: str) -> None:
    assert write_annotated(photo(tmp_path, name), result_for(name), out) is None
    assert [path.name for path in out.iterdir()] == [name]


@pytest.mark.parametrize("name", ["../x.jpg", "/x.jpg", "a/../../../x.jpg"])
def test_a_name_that_leads_elsewhere_stays_inside(tmp_path: Path, out: Path, name: str) -> None:
    original = photo(tmp_path, "x.jpg")
    before = original.source.read_bytes()  # type: ignore[union-attr]
    assert write_annotated(Photo(name, original.source), result_for(name), out) is None
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 2
    assert sum(path.is_relative_to(out) for path in written) == 1
    assert original.source.read_bytes() == before  # type: ignore[union-attr]


def test_an_existing_copy_is_replaced_on_demand_alone(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "x.jpg")
    write_annotated(original, result_for("x.jpg"), out)
    first = (out / "x.jpg").read_bytes()
    other = photo_result("x.jpg", face(1, Box(10, 10, 20, 20)), width=160, height=120)
    assert "exists already" in str(write_annotated(original, other, out))
    assert (out / "x.jpg").read_bytes() == first
    assert write_annotated(original, other, out, overwrite=True) is None
    assert (out / "x.jpg").read_bytes() != first


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp"])
def test_an_earlier_copy_is_known_in_every_format(tmp_path: Path, out: Path, name: str) -> None:
    original = photo(tmp_path, name)
    for _ in range(2):
        assert write_annotated(original, result_for(name), out, overwrite=True) is None


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp"])
def test_an_original_is_never_replaced(tmp_path: Path, name: str) -> None:
    original = photo(tmp_path, name)
    before = original.source.read_bytes()  # type: ignore[union-attr]
    problem = write_annotated(original, result_for(name), tmp_path / "photos", overwrite=True)
    assert "it is the photo itself" in str(problem)
    assert original.source.read_bytes() == before  # type: ignore[union-attr]


def test_somebody_elses_file_is_never_replaced(tmp_path: Path, out: Path) -> None:
    out.mkdir()
    (out / "x.jpg").write_bytes(b"mine")
    problem = write_annotated(photo(tmp_path, "x.jpg"), result_for("x.jpg"), out, overwrite=True)
    assert "faceannot did not make" in str(problem)
    assert (out / "x.jpg").read_bytes() == b"mine"


def test_a_copy_as_original_is_not_replaced_by_its_own_copy(tmp_path: Path, out: Path) -> None:
    write_annotated(photo(tmp_path, "x.jpg"), result_for("x.jpg"), out)
    before = (out / "x.jpg").read_bytes()
    again = Photo("x.jpg", out / "x.jpg")
    assert write_annotated(again, result_for("x.jpg"), out, overwrite=True) is not None
    assert (out / "x.jpg").read_bytes() == before


def test_a_link_to_an_original_is_not_followed(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "x.jpg")
    before = original.source.read_bytes()  # type: ignore[union-attr]
    out.mkdir()
    (out / "x.jpg").symlink_to(original.source)  # type: ignore[arg-type]
    assert write_annotated(original, result_for("x.jpg"), out, overwrite=True) is not None
    assert original.source.read_bytes() == before  # type: ignore[union-attr]


def test_a_linked_folder_does_not_lead_out(tmp_path: Path, out: Path) -> None:
    original, elsewhere = photo(tmp_path, "a/x.jpg"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    out.mkdir()
    (out / "a").symlink_to(elsewhere)
    assert "a link leads out" in str(write_annotated(original, result_for("a/x.jpg"), out))
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp"])
def test_a_hard_link_to_another_original_is_not_replaced(tmp_path: Path, out: Path, name: str) -> None:
    original, other = photo(tmp_path, name), photo(tmp_path, f"other/{name}", picture().rotate(90))
    out.mkdir()
    os.link(other.source, out / name)  # type: ignore[arg-type]
    before = other.source.read_bytes()  # type: ignore[union-attr]
    assert "faceannot did not make" in str(write_annotated(original, result_for(name), out, overwrite=True))
    assert (out / name).read_bytes() == other.source.read_bytes() == before  # type: ignore[union-attr]


def test_a_hard_link_to_an_earlier_copy_that_is_an_original_now_keeps_its_content(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "x.jpg")
    write_annotated(original, result_for("x.jpg"), out)
    kept = tmp_path / "photos" / "kept.jpg"
    os.link(out / "x.jpg", kept)
    before = kept.read_bytes()
    other = photo_result("x.jpg", face(1, Box(10, 10, 20, 20)), width=160, height=120)
    assert write_annotated(original, other, out, overwrite=True) is None
    assert kept.read_bytes() == before


def test_a_folder_that_is_a_link_to_the_photos_replaces_none(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "a/x.jpg")
    before = original.source.read_bytes()  # type: ignore[union-attr]
    out.symlink_to(tmp_path / "photos")
    for name in ("a/x.jpg", "a/../a/x.jpg", "./a//x.jpg"):
        problem = write_annotated(Photo(name, original.source), result_for(name), out, overwrite=True)
        assert problem is None or "was not written" in problem
    assert original.source.read_bytes() == before  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp", "x.tif"])
def test_no_colours_are_dropped(tmp_path: Path, out: Path, name: str, mode: str) -> None:
    if (mode, name) in {("P", "x.jpg"), ("RGBA", "x.jpg"), ("CMYK", "x.png"), ("CMYK", "x.webp")}:
        mode = "L"  # the format has no such kind
    original = photo(tmp_path, name, picture().convert(mode))
    assert write_annotated(original, photo_result(name, width=160, height=120), out) is None
    assert isinstance(original.source, Path)
    with Image.open(next(out.iterdir())) as copy:
        assert copy.mode == "RGB"
        difference = np.abs(np.asarray(copy, int) - read(original.source).rgb)
    assert difference.mean() < (6 if mode in ("1", "P") else 3)  # dots of single pixels suffer most in a JPEG


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp"])
def test_exif_stays_but_for_the_orientation(tmp_path: Path, out: Path, name: str) -> None:
    original = photo(tmp_path, name, exif=exif_of_a_camera())
    assert write_annotated(original, result_for(name, 120, 160), out) is None
    with Image.open(next(out.iterdir())) as copy:
        exif = copy.getexif()
        assert copy.size == (120, 160)
        assert exif.get(ExifTags.Base.Orientation, 1) == 1
        assert exif[ExifTags.Base.Make] == "Camera"
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2020:02:03 04:05:06"
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"


def test_exif_of_a_tiff_stays_too(tmp_path: Path, out: Path) -> None:
    tags = ImageFileDirectory_v2()
    tags[ExifTags.Base.Make] = "Camera"
    tags[ExifTags.Base.Orientation] = TURNED
    tags[ExifTags.IFD.Exif] = {ExifTags.Base.DateTimeOriginal: "2020:02:03 04:05:06"}
    assert write_annotated(photo(tmp_path, "x.tif", tiffinfo=tags), result_for("x.tif", 120, 160), out) is None
    with Image.open(next(out.iterdir())) as copy:
        exif = copy.getexif()
        assert ExifTags.Base.Orientation not in exif
        assert exif[ExifTags.Base.Make] == "Camera"
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2020:02:03 04:05:06"


@pytest.mark.parametrize("name", ["x.png", "x.webp"])
def test_exif_larger_than_a_jpeg_could_hold_stays_where_it_fits(tmp_path: Path, out: Path, name: str) -> None:
    exif = exif_of_a_camera()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = bytes(100_000)
    original = photo(tmp_path, name, exif=exif)
    assert write_annotated(original, result_for(name, 120, 160), out) is None
    with Image.open(next(out.iterdir())) as copy:
        assert len(copy.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote]) == 100_000


@pytest.mark.parametrize("name", ["x.jpg", "x.png"])
def test_what_the_copy_of_a_very_large_photo_keeps_is_no_less(
    tmp_path: Path, out: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = photo(tmp_path, name, exif=exif_of_a_camera())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow refuses twice as many: 179 megapixels
    for _ in range(2):
        assert write_annotated(original, result_for(name, 120, 160), out, overwrite=True) is None
    assert is_ours(out / name)
    monkeypatch.undo()
    with Image.open(out / name) as copy:
        assert copy.getexif()[ExifTags.Base.Make] == "Camera"


@pytest.mark.parametrize("options", [{}, {"save_all": True}, {"icc_profile": bytes(999)}])
def test_a_webp_without_loss_stays_so(tmp_path: Path, out: Path, options: dict[str, Any]) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (120, 160, 3), dtype=np.uint8))
    if options.get("save_all"):
        options = {**options, "append_images": [picture()]}
    original = photo(tmp_path, "x.webp", noise, lossless=True, **options)
    assert write_annotated(original, photo_result("x.webp", width=160, height=120), out) is None
    with Image.open(out / "x.webp") as copy:
        np.testing.assert_array_equal(np.asarray(copy.convert("RGB")), np.asarray(noise))


def test_a_webp_with_loss_stays_small(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "x.webp", quality=90)
    assert write_annotated(original, result_for("x.webp"), out) is None
    assert b"VP8L" not in (out / "x.webp").read_bytes()


def test_want_of_memory_is_called_so(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("faceannot.outputs.annotated.draw_on", no_memory)
    assert write_annotated(photo(tmp_path, "x.jpg"), result_for("x.jpg"), out) == TOO_LARGE


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\x08\xff\xff", b"x"])
def test_a_damaged_exif_block_is_left_as_it_is(exif: bytes) -> None:
    assert upright(exif) == exif


def test_the_thumbnail_of_the_original_is_cut_off(tmp_path: Path, out: Path) -> None:
    exif = exif_of_a_camera().tobytes()
    thumbnail = len(exif) - 6
    end = 6 + 8 + 2 + 12 * exif[6 + 9]  # of the first directory, which begins at byte 8 with its length
    exif = exif[:end] + thumbnail.to_bytes(4, "big") + exif[end + 4 :] + b"\0\1\1\0\0\3\0\0\0\1\0\x50\0\0\0\0\0\0"
    original = photo(tmp_path, "x.jpg", exif=exif)
    assert write_annotated(original, result_for("x.jpg", 120, 160), out) is None
    with Image.open(original.source) as before, Image.open(out / "x.jpg") as after:  # type: ignore[arg-type]
        assert before.getexif().get_ifd(ExifTags.IFD.IFD1)
        assert not after.getexif().get_ifd(ExifTags.IFD.IFD1)


def test_damaged_metadata_cost_neither_a_copy_nor_a_warning(
    tmp_path: Path, out: Path, recwarn: pytest.WarningsRecorder
) -> None:
    original = photo(tmp_path, "x.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff broken")
    assert write_annotated(original, result_for("x.jpg"), out) is None
    assert not recwarn.list


def test_a_colour_profile_stays(tmp_path: Path, out: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    original = photo(tmp_path, "x.jpg", icc_profile=profile)
    assert write_annotated(original, result_for("x.jpg"), out) is None
    with Image.open(out / "x.jpg") as copy:
        assert copy.info["icc_profile"] == profile


def test_a_profile_for_other_colours_than_rgb_is_dropped(tmp_path: Path, out: Path) -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"CMYK"
    original = photo(tmp_path, "x.jpg", picture().convert("CMYK"), icc_profile=bytes(profile))
    assert write_annotated(original, result_for("x.jpg"), out) is None
    with Image.open(out / "x.jpg") as copy:
        assert "icc_profile" not in copy.info


def test_the_quality_of_a_fine_jpeg_is_kept_and_that_of_a_coarse_one_raised(tmp_path: Path, out: Path) -> None:
    fine, coarse = photo(tmp_path, "fine.jpg", quality=98), photo(tmp_path, "coarse.jpg", quality=30)
    for original in (fine, coarse):
        assert write_annotated(original, result_for(original.name), out) is None
    with Image.open(out / "fine.jpg") as copy, Image.open(tmp_path / "photos/fine.jpg") as source:
        assert copy.quantization == source.quantization  # type: ignore[attr-defined]
    with Image.open(out / "coarse.jpg") as copy:
        assert sum(copy.quantization[0]) <= 592  # type: ignore[attr-defined]


def test_a_grey_jpeg_is_drawn_in_colour(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "x.jpg", picture().convert("L"), quality=97)
    assert write_annotated(original, result_for("x.jpg"), out) is None
    with Image.open(out / "x.jpg") as copy:
        pixels = np.asarray(copy, int)
    assert copy.mode == "RGB"
    assert np.ptp(pixels[50:100, 58:63], axis=2).max() > 60, "the box has its colour"
    assert np.ptp(pixels[110:, 130:], axis=2).max() < 8, "the rest stays grey"


def test_a_photo_without_a_face_has_a_copy_and_one_with_an_error_none(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "x.jpg")
    assert write_annotated(original, photo_result("x.jpg", width=160, height=120), out) is None
    assert write_annotated(Photo("bad.jpg", Path("bad.jpg")), failed("bad.jpg"), out) is None
    assert [path.name for path in out.iterdir()] == ["x.jpg"]


def test_a_photo_that_changed_since_gives_a_reason(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "x.jpg")
    assert "changed" in str(write_annotated(original, result_for("x.jpg", 320, 240), out))


def test_a_photo_that_vanished_gives_a_reason(out: Path) -> None:
    assert write_annotated(Photo("x.jpg", Path("no/x.jpg")), result_for("x.jpg"), out) == "no such file"


def test_an_impossible_name_gives_a_reason(tmp_path: Path, out: Path) -> None:
    original = photo(tmp_path, "x.jpg")
    assert write_annotated(Photo("nul\0.jpg", original.source), result_for("nul\0.jpg"), out)


def test_what_failed_leaves_no_file(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    original = photo(tmp_path, "x.jpg")
    monkeypatch.setattr(Image.Image, "save", broken)
    assert "Input/output error" in str(write_annotated(original, result_for("x.jpg"), out))
    assert not list(out.iterdir())


@pytest.mark.parametrize("as_array", [False, True])
def test_content_and_arrays_have_copies_too(tmp_path: Path, out: Path, as_array: bool) -> None:
    path = photo(tmp_path, "x.png").source
    assert isinstance(path, Path)
    source = np.asarray(picture()) if as_array else path.read_bytes()
    assert write_annotated(Photo("input 1", source), result_for("input 1"), out) is None
    assert (out / "input 1.annotated.jpg").exists()


def test_writing_can_be_handed_to_another_process() -> None:
    pickle.loads(pickle.dumps(partial(write_annotated, overwrite=True)))
