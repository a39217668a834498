"""What an example says of itself, and its pixels."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceannot.datasets.example import Example, one_hot
from faceannot.errors import PhotoError
from faceannot.records import EXPRESSIONS
from tests.datasets.conftest import Painter


def test_one_hot_names_the_expression() -> None:
    assert one_hot("sad") == tuple(float(name == "sad") for name in EXPRESSIONS)


def test_a_picture_of_its_own_is_read_upright_as_rgb(tmp_path: Path, paint: Painter) -> None:
    path = paint(tmp_path / "a.png")
    example = Example("folders", "a.png", path, "train")
    assert example.picture().shape == (16, 16, 3)
    assert example.content() == path.read_bytes()


def test_a_picture_that_is_gone_says_so(tmp_path: Path) -> None:
    example = Example("folders", "a.png", tmp_path / "a.png", "train")
    for read in (example.picture, example.content):
        with pytest.raises(PhotoError, match=r"(?i)no such file"):
            read()
