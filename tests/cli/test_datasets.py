"""`faceannot datasets`: the kinds, and a file of one made from another."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from faceannot.datasets.sources import KINDS
from tests import fakes
from tests.cli.running import faceannot


def test_every_kind_is_listed_with_its_layout_and_its_options(tmp_path: Path) -> None:
    done = faceannot("datasets", cwd=tmp_path)
    said = done.stdout.decode()
    assert done.returncode == 0
    for kind in KINDS.values():
        assert f"{kind.name}: {kind.help}\n" in said
        assert all(line in said for line in kind.layout.splitlines())
        assert all(f"?{option.name}=" in said for option in (*kind.options, *kind.ages))


@pytest.fixture
def rafdb(tmp_path: Path) -> Path:
    """Two happy and two sad men and as many women, for the fake bundle."""
    colours = (fakes.HAPPY_MALE, fakes.HAPPY_FEMALE, fakes.SAD_MALE, fakes.SAD_FEMALE)
    for number, (red, green, blue) in enumerate(colours * 2):
        photo = fakes.photo((3, 3, (red, green, blue - number // 4 if blue else number // 4)))
        part = "4" if green else "5"
        fakes.save(photo, tmp_path / "rafdb" / "train" / part / f"train_{number}.png")
    fakes.save(fakes.photo(), tmp_path / "rafdb" / "test" / "4" / "test_0.png")
    return tmp_path / "rafdb"


def test_a_training_file_of_men_is_made_and_not_replaced(tmp_path: Path, rafdb: Path, bundle: Path) -> None:
    command = ("datasets", "make", "happy-h5", "--from", f"rafdb:{rafdb}", "--only", "male", "--model", bundle)
    done = faceannot(*command, "--size", "4", "train_happy.h5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with h5py.File(tmp_path / "train_happy.h5") as file:
        assert (file["train_set_x"].shape, file["train_set_x"].dtype) == ((4, 64, 64, 3), np.uint8)
        assert sorted(file["train_set_y"][...]) == [0, 0, 1, 1]
        assert list(file["list_classes"][...]) == [0, 1]
    again = faceannot(*command, "--size", "4", "train_happy.h5", cwd=tmp_path)
    assert again.returncode == 1
    assert b"exists already: --overwrite replaces it" in again.stderr


def test_too_few_pictures_say_so(tmp_path: Path, rafdb: Path, bundle: Path) -> None:
    command = ("datasets", "make", "happy-h5", "--from", f"rafdb:{rafdb}", "--model", bundle)
    done = faceannot(*command, "train_happy.h5", cwd=tmp_path)
    assert done.returncode == 1
    assert b"happy pictures: take a size of" in done.stderr
