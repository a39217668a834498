"""Examples and tables as entries, and what the readers warn of."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from faceannot.balance.entries import Entry, collect, from_example
from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.sources import parse_source
from tests.balance.making import entry


def test_votes_become_the_expression_with_most_of_them() -> None:
    votes = (0.1, 0.5, 0.0, 0.4, 0.0, 0.0, 0.0)
    found = from_example(Example("set", "a.png", Path("a.png"), "train", gender="female", expression=votes))
    assert (found.expression, found.emotion, found.label) == ("happy", "happy", "HappyFemale")


def test_an_example_keeps_its_group() -> None:
    example = Example("manifest", "a.png", Path("a.png"), "train", gender="female", group="studio")
    assert from_example(example).group == "studio"


def test_a_face_that_is_neither_happy_nor_sad_has_no_emotion_and_no_label() -> None:
    example = Example("set", "a.png", Path("a.png"), "train", gender="male", expression=one_hot("fear"))
    found = from_example(example)
    assert (found.expression, found.emotion, found.label) == ("fear", None, None)


def test_the_picture_of_an_example_is_read_from_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"picture")
    found = from_example(Example("set", "a.png", tmp_path / "a.png", "train"))
    assert found.content
    assert found.content() == b"picture"


def test_the_picture_of_an_example_inside_another_file_is_given_as_a_file(tmp_path: Path) -> None:
    pixels = np.arange(2 * 8 * 8 * 3, dtype=np.uint8).reshape(2, 8, 8, 3)
    with h5py.File(tmp_path / "test_happy.h5", "w") as file:
        file["test_set_x"] = pixels
        file["test_set_y"] = [1, 0]
    examples = list(parse_source(f"happy-h5:{tmp_path / 'test_happy.h5'}").examples())
    content = from_example(examples[1]).content
    assert content is not None
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content()))), pixels[1])


def test_two_sources_of_one_name_are_told_apart() -> None:
    parts = ([entry("a", source="utkface"), entry("b", source="ffhq")], [entry("a", source="utkface")])
    sources = [found.source for found in collect(map(iter, parts)).entries]
    assert sources == ["utkface", "ffhq", "utkface 2"]


def test_what_a_reader_warns_of_is_kept() -> None:
    def part() -> Iterator[Entry]:
        logging.getLogger("faceannot.datasets.utkface").warning("%s: no such name, skipped", "39_1.jpg")
        yield entry("a")

    assert collect(iter([part()])).skipped == ("utkface: 39_1.jpg: no such name, skipped",)
    assert collect(iter([])).skipped == ()
