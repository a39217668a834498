"""Held-out pictures are looked at as `label` does, and their main face is judged."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from faceannot.annotator import Annotator
from faceannot.datasets.example import Example
from faceannot.datasets.sources import parse_source
from faceannot.errors import DatasetError
from faceannot.evaluation.judged import Judged, Outcome, held_out, judge, main_face
from faceannot.records import EXPRESSIONS, Box, Face, PhotoResult, Scores, Status
from tests import fakes
from tests.fakes import HAPPY_FEMALE, SAD_MALE


def face(left: int, side: int, detection: float = 0.9) -> Face:
    scores = Scores({"male": 1.0, "female": 0.0}, dict.fromkeys(EXPRESSIONS, 0.0))
    middle = (left + side / 2, 50.0)
    return Face(1, Box(left, 50 - side // 2, side, side), (middle,) * 5, detection, scores, False)


def photo_of(*faces: Face) -> PhotoResult:
    return PhotoResult("x", Status.OK, faces, photo_width=100, photo_height=100)


def test_the_main_face_is_the_large_one_near_the_middle() -> None:
    middle, corner, small = face(30, 40), face(0, 44), face(48, 6)
    assert main_face(photo_of(corner, middle, small)) is middle


def test_a_photo_without_a_face_has_no_main_face() -> None:
    assert main_face(PhotoResult("x", Status.NO_FACE, (), 100, 100)) is None
    assert main_face(PhotoResult("x", Status.ERROR, error="no such file")) is None


def test_what_is_known_stands_beside_what_was_said(judged: Judged) -> None:
    assert judged.sources == ["utkface", "rafdb"]
    utkface = judged.only(judged.source == "utkface")
    known = zip(utkface.age.tolist(), utkface.gender.tolist(), utkface.genders.argmax(axis=1).tolist(), strict=True)
    assert sorted(known) == [(8, 0, 0), (30, 0, 0), (30, 1, 1), (40, 1, 1), (50, 0, 0), (75, 1, 0)]
    assert set(utkface.expression.tolist()) == {-1}
    rafdb = judged.only(judged.source == "rafdb")
    assert sorted(rafdb.expression.tolist()) == [1, 1, 2, 2]
    assert set(rafdb.gender.tolist()) == {-1}


def test_a_face_that_is_not_found_is_lost_and_has_no_scores(judged: Judged) -> None:
    (lost,) = np.flatnonzero(judged.lost)
    assert (judged.age[lost], judged.outcome[lost]) == (50, Outcome.NO_FACE)
    assert not judged.genders[lost].any()
    assert judged.side_px[lost] == 0
    assert judged.seen[lost].box is None
    assert judged.side_px[~judged.lost].tolist() == [fakes.SIDE] * 9


def test_a_picture_that_cannot_be_read_is_lost_as_such(bundle: Path, tmp_path: Path) -> None:
    good = fakes.save(fakes.photo((9, 6, SAD_MALE)), tmp_path / "good.png")
    examples = [
        Example("made", "missing.png", tmp_path / "missing.png", "test", gender="male"),
        Example("made", "good.png", good, "test", gender="male"),
    ]
    seen: list[int] = []
    judged = judge(Annotator(model=bundle, threads=1), examples, seen.append)
    assert judged.outcome.tolist() == [Outcome.UNREADABLE, Outcome.FOUND]
    assert seen == [1, 2]


def test_a_picture_inside_a_file_that_cannot_be_read_is_lost_as_such(bundle: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "faces.h5", "w") as file:
        file["test_set_x"] = fakes.photo((9, 6, HAPPY_FEMALE))[np.newaxis]
        file["test_set_y"] = [1]
    examples = [
        Example("made", f"faces.h5#{n}", tmp_path / "faces.h5", "test", gender="female", index=n) for n in (1, 0)
    ]
    judged = judge(Annotator(model=bundle, threads=1), examples)
    assert judged.outcome.tolist() == [Outcome.UNREADABLE, Outcome.FOUND]


def test_the_likeliest_of_the_votes_is_the_truth(bundle: Path, tmp_path: Path) -> None:
    path = fakes.save(fakes.photo((9, 6, HAPPY_FEMALE)), tmp_path / "x.png")
    shares = (0.1, 0.2, 0.4, 0.0, 0.3, 0.0, 0.0)
    judged = judge(Annotator(model=bundle, threads=1), [Example("made", "x", path, "test", expression=shares)])
    assert judged.expression.tolist() == [2]


def test_only_labelled_pictures_of_the_split_are_held_out(rafdb: Path) -> None:
    source = parse_source(f"rafdb:{rafdb}")
    assert len(held_out([source], "test")) == 4
    assert len(held_out([source], "train")) + len(held_out([source], "test")) == 5


def test_two_sources_of_one_kind_stay_apart(rafdb: Path, tmp_path: Path) -> None:
    for number, part in enumerate(("train", "test")):
        fakes.save(fakes.photo((number, 7, SAD_MALE)), tmp_path / part / "5" / f"{part}_9.jpg")
    sources = [parse_source(f"rafdb:{folder}") for folder in (rafdb, tmp_path)]
    assert [example.source for example in held_out(sources, "test")] == ["rafdb"] * 4 + ["rafdb 2"]


def test_a_copy_of_another_sources_picture_is_held_out_once(rafdb: Path, tmp_path: Path) -> None:
    folder = tmp_path / "test" / "sad"
    fakes.save(fakes.photo((3, 7, SAD_MALE)), folder / "other.jpg")
    (folder / "copy.jpg").write_bytes(next((rafdb / "test" / "5").iterdir()).read_bytes())
    sources = [parse_source(f"rafdb:{rafdb}"), parse_source(f"folders:{tmp_path}")]
    held = held_out(sources, "test")
    assert [example.name.rpartition("/")[2] for example in held if example.source == "folders"] == ["other.jpg"]


def test_people_are_held_out_at_every_age(tmp_path: Path) -> None:
    for number in range(40):
        fakes.save(fakes.photo((3, 7, SAD_MALE), background=(number, 0, 0)), tmp_path / f"9_0_0_{number}.png")
    held = held_out([parse_source(f"utkface:{tmp_path}")], "test")
    assert held
    assert all(example.gender == "male" for example in held)


def test_a_source_without_the_split_is_named(rafdb: Path) -> None:
    with pytest.raises(DatasetError, match=r"rafdb:.*no labelled picture in its validation part"):
        held_out([parse_source(f"rafdb:{rafdb}")], "validation")
