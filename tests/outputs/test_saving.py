"""Folders for pictures are made, or refused before the run begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceannot.errors import OutputError
from faceannot.outputs.saving import prepare_folder


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a" / "b")
    assert not list((tmp_path / "a" / "b").iterdir())


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written: File exists"):
        prepare_folder(tmp_path / "a")
    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        prepare_folder(tmp_path / "a" / "b")
