"""A folder as a person might have it: photos, one of them broken, and a bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fakes


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakes.bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`photos/` with two faces in `a/x.png`, one in `b/x.png`, none in `none.jpg`; `broken/bad.jpg` is no photo."""
    photos = tmp_path / "photos"
    fakes.save(fakes.photo((1, 1, fakes.HAPPY_MALE), (5, 2, fakes.SAD_FEMALE)), photos / "a" / "x.png")
    fakes.save(fakes.photo((3, 3, fakes.HAPPY_FEMALE)), photos / "b" / "x.png")
    fakes.save(fakes.photo(), photos / "none.jpg")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "bad.jpg").write_bytes(b"this is no photo")
    return tmp_path
