"""Each source reader: what it gives, what it leaves out, and what it says of malformed data."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from faceannot.datasets import affectnet_yolo, all_age_faces, ferplus, gender_folders, rafdb, utkface
from faceannot.datasets.example import one_hot, split_by_hash
from faceannot.errors import DatasetError
from faceannot.records import EXPRESSIONS
from tests.datasets.conftest import Painter

FERPLUS_HEAD = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"


def test_utkface_reads_age_gender_and_ethnicity_from_the_name(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "61_1_3_20170109150557335.jpg.chip.jpg", 1)
    (example,) = utkface.read(tmp_path)
    assert (example.age, example.gender, example.ethnicity) == (61, "female", "Indian")


def test_utkface_reports_a_name_that_lacks_a_field_and_goes_on(
    tmp_path: Path, paint: Painter, caplog: pytest.LogCaptureFixture
) -> None:
    paint(tmp_path / "39_1_20170116174525125.jpg.chip.jpg", 1)
    paint(tmp_path / "39_1_0_20170116174525125.jpg.chip.jpg", 2)
    with caplog.at_level(logging.WARNING):
        assert len(list(utkface.read(tmp_path))) == 1
    assert "39_1_20170116174525125.jpg.chip.jpg" in caplog.text


def test_utkface_gives_copies_once_and_none_that_contradict_each_other(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "20_0_0_1.jpg", 1)
    paint(tmp_path / "21_0_0_2.jpg", 1)
    paint(tmp_path / "30_0_0_3.jpg", 2)
    paint(tmp_path / "30_1_0_4.jpg", 2)
    assert [example.name for example in utkface.read(tmp_path)] == ["20_0_0_1.jpg"]


def test_utkface_without_a_single_picture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="age_gender_race_time"):
        list(utkface.read(tmp_path))


def test_all_age_faces_reads_gender_from_the_lists_and_age_from_the_name(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "aligned" / "00000A02.jpg", 1)
    paint(tmp_path / "aligned" / "10928A38.jpg", 2)
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "train.txt").write_text("00000A02.jpg 0\n")
    (tmp_path / "sets" / "val.txt").write_text("10928A38.jpg 1\n")
    found = {example.name: (example.gender, example.age) for example in all_age_faces.read(tmp_path)}
    assert found == {"00000A02.jpg": ("female", 2), "10928A38.jpg": ("male", 38)}


def test_all_age_faces_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "train.txt").write_text("00000A02.jpg 0\n00001A02.jpg two\n")
    with pytest.raises(DatasetError, match=r"train\.txt:2"):
        list(all_age_faces.read(tmp_path))


def test_gender_folders_keep_their_own_split_without_identities(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "Training" / "male" / "000001.jpg.jpg", 1)
    paint(tmp_path / "Validation" / "female" / "000002.jpg.jpg", 2)
    found = {(example.split, example.gender) for example in gender_folders.read(tmp_path)}
    assert found == {("train", "male"), ("validation", "female")}


def test_gender_folders_split_by_person_when_identities_are_given(tmp_path: Path, paint: Painter) -> None:
    people = [str(person) for person in range(60)]
    lines = []
    for number, person in enumerate(people * 2):
        paint(tmp_path / ("Training", "Validation")[number % 2] / "male" / f"{number:06}.jpg.jpg", number)
        lines.append(f"{number:06}.jpg {person}\n")
    (tmp_path / "identities.txt").write_text("".join(lines))
    examples = list(gender_folders.read(tmp_path, tmp_path / "identities.txt"))
    assert len(examples) == 120
    assert all(example.split == split_by_hash(example.subject or "", 26) for example in examples)


def test_gender_folders_leave_out_of_training_who_is_outvoted(tmp_path: Path, paint: Painter) -> None:
    person = next(str(n) for n in range(100) if split_by_hash(str(n), 26) == "train")
    genders = ("male", "male", "female")
    for number, gender in enumerate(genders):
        paint(tmp_path / "Training" / gender / f"{number:06}.jpg.jpg", number)
    (tmp_path / "identities.txt").write_text("".join(f"{number:06}.jpg {person}\n" for number in range(3)))
    found = [example.gender for example in gender_folders.read(tmp_path, tmp_path / "identities.txt")]
    assert found == ["male", "male"]


def test_gender_folders_name_the_line_of_a_malformed_identity(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "Training" / "male" / "000001.jpg.jpg")
    (tmp_path / "identities.txt").write_text("000001.jpg 7\n000002.jpg\n")
    with pytest.raises(DatasetError, match=r"identities\.txt:2"):
        list(gender_folders.read(tmp_path, tmp_path / "identities.txt"))


def test_rafdb_maps_its_folders_and_keeps_its_test_part(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "train" / "4" / "train_00001_aligned.jpg", 1)
    paint(tmp_path / "test" / "5" / "test_0001_aligned.jpg", 2)
    found = {example.path.name: (example.split, example.expression) for example in rafdb.read(tmp_path)}
    assert found["test_0001_aligned.jpg"] == ("test", one_hot("sad"))
    assert found["train_00001_aligned.jpg"][1] == one_hot("happy")


def test_rafdb_takes_copies_of_test_pictures_out_of_training(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "train" / "4" / "train_00001_aligned.jpg", 1)
    paint(tmp_path / "train" / "4" / "train_00002_aligned.jpg", 2)
    paint(tmp_path / "test" / "4" / "test_0001_aligned.jpg", 1)
    names = {example.path.name for example in rafdb.read(tmp_path)}
    assert names == {"test_0001_aligned.jpg", "train_00002_aligned.jpg"}


def ferplus_source(folder: Path, paint: Painter, *rows: str) -> Path:
    (folder / "fer2013new.csv").write_text(FERPLUS_HEAD + "".join(f"{row}\n" for row in rows))
    for number, row in enumerate(rows):
        usage, name = row.split(",")[:2]
        part = {"Training": "Train", "PublicTest": "Valid", "PrivateTest": "Test"}.get(usage, "Train")
        paint(folder / f"FER2013{part}" / name, number)
    return folder


def test_ferplus_turns_votes_into_shares_without_single_votes(tmp_path: Path, paint: Painter) -> None:
    source = ferplus_source(tmp_path, paint, "Training,fer0.png,2,6,1,0,0,0,0,1,0,0")
    (example,) = ferplus.read(source)
    assert dict(zip(EXPRESSIONS, example.expression or (), strict=True))["happy"] == pytest.approx(0.75)
    assert sum(example.expression or ()) == pytest.approx(1.0)


def test_ferplus_leaves_out_faces_that_people_do_not_agree_on(tmp_path: Path, paint: Painter) -> None:
    source = ferplus_source(
        tmp_path, paint, "Training,fer0.png,4,3,3,0,0,0,0,0,0,0", "Training,fer1.png,0,0,0,0,0,0,0,5,5,0"
    )
    assert list(ferplus.read(source)) == []


def test_ferplus_names_the_line_that_is_wrong(tmp_path: Path, paint: Painter) -> None:
    source = ferplus_source(
        tmp_path, paint, "Training,fer0.png,9,1,0,0,0,0,0,0,0,0", "Training,fer1.png,nine,1,0,0,0,0,0,0,0,0"
    )
    with pytest.raises(DatasetError, match=r"fer2013new\.csv:3"):
        list(ferplus.read(source))


def affectnet_source(folder: Path, paint: Painter, **classes: str) -> Path:
    for number, (name, label) in enumerate(classes.items()):
        paint(folder / "train" / "images" / f"{name}.png", number)
        (folder / "train" / "labels").mkdir(parents=True, exist_ok=True)
        (folder / "train" / "labels" / f"{name}.txt").write_text(f"{label} 0.5 0.5 1 1\n")
    return folder


def test_affectnet_leaves_out_contempt(tmp_path: Path, paint: Painter) -> None:
    source = affectnet_source(tmp_path, paint, image1="1", image2="6")
    assert [example.expression for example in affectnet_yolo.read(source)] == [one_hot("sad")]


def test_ffhq_pictures_give_gender_but_no_expression_and_some_are_kept_for_judging(
    tmp_path: Path, paint: Painter
) -> None:
    source = affectnet_source(tmp_path, paint, ffhq_5="4", ffhq_1200="4")
    table = tmp_path / "genders.csv"
    table.write_text("picture,gender,age,smile\nffhq_5.png,male,31.0,0.2\nffhq_1200.png,female,50.0,1.0\n")
    (example,) = affectnet_yolo.read(source, table)
    assert (example.path.name, example.gender, example.expression) == ("ffhq_1200.png", "female", None)


def test_affectnet_without_a_label_file_names_it(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "train" / "images" / "image9.png")
    with pytest.raises(DatasetError, match=r"image9\.txt"):
        list(affectnet_yolo.read(tmp_path))
