"""Source data as people write them: KIND:PATH, a bare PATH, and options."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from faceannot.datasets.cleaning import COPY
from faceannot.datasets.example import one_hot
from faceannot.datasets.sources import KINDS, clean_sources, parse_source
from faceannot.errors import DatasetError
from tests.datasets.conftest import Painter


def happy_h5(folder: Path, paint: Painter) -> None:
    with h5py.File(folder / "test_happy.h5", "w") as file:
        file["test_set_x"], file["test_set_y"] = np.zeros((1, 8, 8, 3), np.uint8), [1]


def celeba(folder: Path, paint: Painter) -> None:
    paint(folder / "img_align_celeba" / "000001.jpg")
    (folder / "list_attr_celeba.txt").write_text("1\nMale Smiling\n000001.jpg 1 1\n")


def ferplus(folder: Path, paint: Painter) -> None:
    head = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    (folder / "fer2013new.csv").write_text(f"{head}\nTraining,fer0.png,9,1,0,0,0,0,0,0,0,0\n")
    paint(folder / "FER2013Train" / "fer0.png")


def affectnet_yolo(folder: Path, paint: Painter) -> None:
    paint(folder / "train" / "images" / "image1.png")
    (folder / "train" / "labels").mkdir()
    (folder / "train" / "labels" / "image1.txt").write_text("4 0.5 0.5 1 1\n")


def all_age_faces(folder: Path, paint: Painter) -> None:
    paint(folder / "aligned" / "00000A02.jpg")
    (folder / "sets").mkdir()
    for name in ("train.txt", "val.txt"):
        (folder / "sets" / name).write_text("00000A02.jpg 0\n")


def everyday(folder: Path, paint: Painter) -> None:
    paint(folder / "appa-real" / "test" / "005624.jpg")
    for name in ("webfaces", "affectnet-yolo"):
        (folder / name).mkdir()


def rafdb(folder: Path, paint: Painter) -> None:
    paint(folder / "train" / "4" / "train_00001_aligned.jpg", 1)
    paint(folder / "test" / "4" / "test_0001_aligned.jpg", 2)


def fer2013(folder: Path, paint: Painter) -> None:
    paint(folder / "train" / "angry" / "Training_1.jpg")


def gender_folders(folder: Path, paint: Painter) -> None:
    paint(folder / "Training" / "male" / "000001.jpg.jpg")


def utkface(folder: Path, paint: Painter) -> None:
    paint(folder / "20_0_0_1.jpg")


def folders(folder: Path, paint: Painter) -> None:
    paint(folder / "HappyMale" / "a.png")


MAKERS = (
    *(happy_h5, celeba, ferplus, affectnet_yolo, everyday, all_age_faces),
    *(rafdb, fer2013, gender_folders, utkface, folders),
)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_folder_is_told_by_what_lies_in_it(
    tmp_path: Path, paint: Painter, make: Callable[[Path, Painter], None]
) -> None:
    make(tmp_path, paint)
    source = parse_source(str(tmp_path))
    assert source.kind.name == make.__name__.replace("_", "-")
    assert list(source.examples())
    assert parse_source(f"{source.kind.name}:{tmp_path}") == source


def test_files_are_told_by_their_content(tmp_path: Path, paint: Painter) -> None:
    happy_h5(tmp_path, paint)
    (tmp_path / "list.csv").write_text("path,gender\n")
    (tmp_path / "faces.csv").write_text("emotion,pixels,Usage\n")
    kinds = [parse_source(str(tmp_path / name)).kind.name for name in ("test_happy.h5", "list.csv", "faces.csv")]
    assert kinds == ["happy-h5", "manifest", "fer2013"]


def test_every_kind_is_tried() -> None:
    assert {make.__name__.replace("_", "-") for make in MAKERS} | {"manifest", "affectnet-masked"} == set(KINDS)


def test_class_folders_are_a_named_set_where_it_is_named(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "train" / "angry" / "1.jpg")
    assert [one.source for one in parse_source(str(tmp_path)).examples()] == ["folders"]
    (example,) = parse_source(f"affectnet-masked:{tmp_path}").examples()
    assert (example.source, example.split, example.expression) == ("affectnet-masked", "train", one_hot("anger"))


def test_options_follow_the_path(tmp_path: Path, paint: Painter) -> None:
    gender_folders(tmp_path, paint)
    people = tmp_path / "people.txt"
    people.write_text("000001.jpg 7\n")
    (example,) = parse_source(f"gender-folders:{tmp_path}?identities={people}").examples()
    assert example.subject == "7"
    ferplus(tmp_path, paint)
    (example,) = parse_source(f"ferplus:{tmp_path}?agreement=10").examples()
    assert example.expression is None


def test_a_path_may_have_a_question_mark_and_a_colon(tmp_path: Path, paint: Painter) -> None:
    folder = tmp_path / "who: me?"
    utkface(folder, paint)
    assert parse_source(str(folder)).path == folder
    assert parse_source(f"utkface:{folder}?min-age=3").youngest == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"\(empty\): no such file"),
        ("utkface:", "utkface:: no such file"),
        ("utkface:nowhere", "nowhere: no such file"),
        ("face:nowhere", "unknown kind face; the kinds are happy-h5"),
        (".", "of no kind that can be told; name it as KIND:"),
        ("utkface:.?age=3", "utkface has no option age; it has min-age"),
        ("rafdb:.?age=3", "rafdb has no option age; it has none"),
        ("utkface:.?min-age=x", "min-age: expected a number"),
        ("ferplus:.?agreement=11", "agreement: expected a number from 1 to 10"),
        ("happy-h5:.?not-happy=angry", "not-happy: has to be sad or none"),
        ("gender-folders:.?identities=none.txt", r"identities: no such file: none\.txt"),
    ],
)
def test_what_cannot_be_meant_says_what_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=message):
        parse_source(text)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_empty_folder_is_an_error_in_every_kind(tmp_path: Path, kind: str) -> None:
    with pytest.raises(DatasetError, match=str(tmp_path)):
        list(parse_source(f"{kind}:{tmp_path}").examples())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, paint: Painter) -> None:
    gender_folders(tmp_path, paint)
    (tmp_path / "Training" / "male").chmod(0)
    with pytest.raises(DatasetError, match="male: Permission denied"):
        list(parse_source(f"gender-folders:{tmp_path}").examples())


def test_children_are_left_out_of_utkface_for_training_unless_it_is_said_otherwise(
    tmp_path: Path, paint: Painter
) -> None:
    paint(tmp_path / "15_0_0_1.jpg", 1)
    paint(tmp_path / "16_0_0_2.jpg", 2)
    source = parse_source(f"utkface:{tmp_path}")
    assert len(list(source.examples())) == 2
    for cleaned, ages in (
        (clean_sources([source]), [16]),
        (clean_sources([source], for_training=False), [15, 16]),
        (clean_sources([parse_source(f"utkface:{tmp_path}?min-age=0")]), [15, 16]),
    ):
        assert [example.age for example in cleaned[0].examples] == ages


def test_each_source_of_a_kind_keeps_its_own_options_and_parts(tmp_path: Path, paint: Painter) -> None:
    for number in range(80):
        paint(tmp_path / "a" / f"{17 + number % 2}_0_0_{number}.jpg", number)
        paint(tmp_path / "b" / f"{17 + number % 2}_0_0_{number}.jpg", 100 + number)
    names = ("a?min-age=18", "b?min-age=0")
    first, second = clean_sources([parse_source(f"utkface:{tmp_path}/{name}") for name in names])
    assert ({one.source for one in first.examples}, {one.age for one in first.examples}) == ({"utkface"}, {18})
    assert ({one.source for one in second.examples}, {one.age for one in second.examples}) == ({"utkface 2"}, {17, 18})
    assert {one.split for one in second.examples} == {"train", "validation", "test"}


def test_a_manifest_without_splits_is_split_beside_one_that_has_them(tmp_path: Path, paint: Painter) -> None:
    pictures = [paint(tmp_path / f"{number}.png", number).name for number in range(80)]
    (tmp_path / "a.csv").write_text("path,gender,split\n0.png,male,train\n1.png,male,test\n2.png,male,validation\n")
    (tmp_path / "b.csv").write_text("path,gender\n" + "".join(f"{name},male\n" for name in pictures[3:]))
    first, second = clean_sources([parse_source(str(tmp_path / name)) for name in ("a.csv", "b.csv")])
    assert [one.split for one in first.examples] == ["train", "test", "validation"]
    assert {one.split for one in second.examples} == {"train", "validation", "test"}


def test_a_person_of_another_manifest_is_somebody_else(tmp_path: Path, paint: Painter) -> None:
    rows = {"a": ["0,male,train,1", "1,male,test,2"], "b": ["2,female,test,1", "3,female,validation,3"]}
    for name, lines in rows.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(["path,gender,split,subject", *lines]))
    for number in range(4):
        paint(tmp_path / f"{number}.png", number).rename(tmp_path / str(number))
    cleaned = clean_sources([parse_source(str(tmp_path / f"{name}.csv")) for name in rows])
    assert [[one.split for one in some.examples] for some in cleaned] == [["train", "test"], ["test", "validation"]]


def test_copies_are_found_across_sources(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "a" / "train" / "male" / "1.png", 1)
    paint(tmp_path / "b" / "test" / "male" / "2.png", 1)
    first, second = clean_sources([parse_source(f"folders:{tmp_path / name}") for name in ("a", "b")])
    assert (len(first.examples), first.reasons()) == (0, {COPY: 1})
    assert (len(second.examples), second.left_out) == (1, ())
