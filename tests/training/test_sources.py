"""Source data sets made ready from the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from faceannot.training.sources import classifier_sources, detector_sources
from tests import fakes


def test_photos_kept_for_judging_are_left_out_of_the_detectors_sources(tmp_path: Path) -> None:
    for name in ("a", "b"):
        fakes.save(fakes.photo(), tmp_path / "scenes" / f"{name}.jpg")
    found = detector_sources(tmp_path, frozenset({"b.jpg"}))["scenes"]()
    assert [photo.path.name for photo in found] == ["a.jpg"]


def test_sources_are_not_read_before_they_are_asked_for(tmp_path: Path) -> None:
    assert set(classifier_sources(tmp_path)) >= {"utkface", "rafdb", "ferplus"}


@pytest.mark.parametrize("listed", [["photo,file"], ["01.jpg,owner/name/images/x y.jpg", "02.jpg,other/z.jpg"]])
def test_the_list_of_kept_photos_takes_the_last_part_of_each_line(tmp_path: Path, listed: list[str]) -> None:
    from faceannot.training.sources import _names

    path = tmp_path / "kept.csv"
    path.write_text("\n".join(listed))
    names = {row[-1].split("/")[-1] for row in csv.reader(listed) if "/" in row[-1]}
    assert names <= _names(path)
