"""Aligned faces as files of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from faceannot.alignment import Template
from faceannot.inputs import Photo
from faceannot.outputs.crops import SIDE_PX, write_crops
from faceannot.records import Box
from tests.outputs.results import face, failed, photo_result

TEMPLATE = Template()


def photo(folder: Path, name: str = "a/x.jpg") -> Photo:
    """Red on the left half, blue on the right."""
    pixels = np.zeros((300, 400, 3), dtype=np.uint8)
    pixels[:, :200, 0] = pixels[:, 200:, 2] = 250
    path = folder / "x.png"
    Image.fromarray(pixels).save(path)
    return Photo(name, path)


def test_each_face_is_a_square_picture_of_its_part_of_the_photo(tmp_path: Path) -> None:
    result = photo_result(
        "a/x.jpg", face(1, Box(60, 100, 60, 80)), face(2, Box(280, 100, 60, 80)), width=400, height=300
    )
    assert write_crops(photo(tmp_path), result, tmp_path / "out", TEMPLATE) is None
    colours = []
    for number in (1, 2):
        with Image.open(tmp_path / f"out/a/x.jpg.{number}.png") as crop:
            assert crop.size == (SIDE_PX, SIDE_PX)
            colours.append(crop.getpixel((SIDE_PX // 2, SIDE_PX // 2)))
    assert colours == [(250, 0, 0), (0, 0, 250)]


def test_a_photo_without_faces_has_no_crops(tmp_path: Path) -> None:
    for result in (photo_result("a/x.jpg"), failed("a/x.jpg")):
        assert write_crops(photo(tmp_path), result, tmp_path / "out", TEMPLATE) is None
    assert not (tmp_path / "out").exists()


def test_earlier_crops_are_replaced_on_demand_alone(tmp_path: Path) -> None:
    result = photo_result("a/x.jpg", face(1, Box(60, 100, 60, 80)), width=400, height=300)
    write_crops(photo(tmp_path), result, tmp_path / "out", TEMPLATE)
    assert "exists already" in str(write_crops(photo(tmp_path), result, tmp_path / "out", TEMPLATE))
    assert write_crops(photo(tmp_path), result, tmp_path / "out", TEMPLATE, overwrite=True) is None


def test_what_faceannot_did_not_make_stays(tmp_path: Path) -> None:
    result = photo_result("x.png", face(1, Box(60, 100, 60, 80)), width=400, height=300)
    mine = tmp_path / "x.png.1.png"
    Image.new("RGB", (3, 3)).save(mine)
    before = mine.read_bytes()
    assert write_crops(photo(tmp_path, "x.png"), result, tmp_path, TEMPLATE, overwrite=True)
    assert mine.read_bytes() == before
