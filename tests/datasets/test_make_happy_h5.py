"""A training file like the published one, from another source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceannot import Annotator
from faceannot.datasets import happy_h5
from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.make_happy_h5 import make_happy_h5
from faceannot.errors import DatasetError, OutputError
from tests import fakes

COLOURS = {
    "happy_male": fakes.HAPPY_MALE,
    "happy_female": fakes.HAPPY_FEMALE,
    "sad_male": fakes.SAD_MALE,
    "sad_female": fakes.SAD_FEMALE,
}


def test_without_h5py_it_ends_in_words_before_a_picture_is_looked_at(
    tmp_path: Path, annotator: Annotator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)

    def examples() -> Iterator[Example]:
        raise AssertionError
        yield

    with pytest.raises(DatasetError, match=r"t\.h5: writing HDF5 needs h5py: pip install h5py"):
        make_happy_h5(examples(), tmp_path / "t.h5", size=2, only="male", annotator=annotator, overwrite=False)


@pytest.fixture(scope="module")
def annotator(tmp_path_factory: pytest.TempPathFactory) -> Annotator:
    return Annotator(model=fakes.bundle(tmp_path_factory.mktemp("bundle")), threads=1)


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    """Three of each label for training, one for test, and a file that is no picture."""
    found = []
    for label, colour in COLOURS.items():
        expression = one_hot("happy" if "happy" in label else "sad")
        for number in range(4):
            path = fakes.save(fakes.photo((7, 5, colour), width=512, height=384), tmp_path / f"{label}{number}.png")
            found.append(Example("folders", path.name, path, "train" if number else "test", expression=expression))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return [*found, Example("folders", "broken.png", tmp_path / "broken.png", "train", expression=one_hot("sad"))]


def test_it_has_the_shape_of_the_published_file(examples: list[Example], annotator: Annotator, tmp_path: Path) -> None:
    out = tmp_path / "train_happy.h5"
    make_happy_h5(examples, out, size=11, only=None, annotator=annotator, overwrite=False)
    made = list(happy_h5.read(out))
    assert sorted(one.expression == one_hot("happy") for one in made) == [False] * 6 + [True] * 5
    assert {one.split for one in made} == {"train"}
    assert made[0].picture().shape == (64, 64, 3)


def test_women_can_be_left_out(examples: list[Example], annotator: Annotator, tmp_path: Path) -> None:
    out = tmp_path / "train_happy.h5"
    make_happy_h5(examples, out, size=6, only="male", annotator=annotator, overwrite=False)
    blues = [int(one.picture()[..., 2].astype(int)[one.picture()[..., 0] > 200].mean()) for one in happy_h5.read(out)]
    assert len(blues) == 6
    assert max(blues) < 60


def test_too_few_pictures_say_what_size_there_is(examples: list[Example], annotator: Annotator, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="only 3 happy pictures whose face is male: take a size of 6 or less"):
        make_happy_h5(examples, tmp_path / "a.h5", size=8, only="male", annotator=annotator, overwrite=False)
    assert not (tmp_path / "a.h5").exists()


def test_a_file_that_exists_is_replaced_only_when_told(
    examples: list[Example], annotator: Annotator, tmp_path: Path
) -> None:
    out = tmp_path / "a.h5"
    out.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already: --overwrite"):
        make_happy_h5(examples, out, size=2, only=None, annotator=annotator, overwrite=False)
    assert out.read_bytes() == b"mine"
    make_happy_h5(examples, out, size=2, only=None, annotator=annotator, overwrite=True)
    assert len(list(happy_h5.read(out))) == 2


def test_a_folder_is_no_file_to_write(annotator: Annotator, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"is a folder: name the file, such as .*train_happy\.h5"):
        make_happy_h5([], tmp_path, size=2, only=None, annotator=annotator, overwrite=True)
