"""Source data sets in small, as the commands are given them."""

from __future__ import annotations

from pathlib import Path

from tests import fakes

HAPPY, SAD = "4", "5"


def rafdb(folder: Path, *test_faces: tuple[str, tuple[int, int, int]]) -> Path:
    """RAF-DB with a test face for each class and colour, one more that is not found, and one training face."""
    for number, (label, colour) in enumerate(test_faces):
        fakes.save(fakes.photo((number + 6, 5, colour)), folder / "test" / label / f"test_{number}.jpg")
    fakes.save(fakes.photo(), folder / "test" / HAPPY / "test_nobody.jpg")
    fakes.save(fakes.photo((2, 2, fakes.HAPPY_FEMALE)), folder / "train" / HAPPY / "train_0.jpg")
    return folder
