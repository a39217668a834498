"""Each source reader: what it gives, what it leaves out, and what it says of malformed data."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from faceannot.datasets import (
    affectnet_yolo,
    all_age_faces,
    everyday,
    ferplus,
    gender_folders,
    rafdb,
    seen_genders,
    utkface,
)
from faceannot.datasets.example import one_hot
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


def test_utkface_gives_every_copy_as_training(tmp_path: Path, paint: Painter) -> None:
    for name in ("20_0_0_1.jpg", "21_1_0_2.jpg"):
        paint(tmp_path / name, 1)
    assert [example.split for example in utkface.read(tmp_path)] == ["train", "train"]


def test_utkface_without_a_single_picture_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="age_gender_race_time"):
        list(utkface.read(tmp_path))


def test_all_age_faces_reads_gender_from_the_lists_and_age_from_the_name(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "aligned" / "00000A02.jpg", 1)
    paint(tmp_path / "aligned" / "10928A38.jpg", 2)
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "train.txt").write_text("00000A02.jpg 0\n")
    (tmp_path / "sets" / "val.txt").write_text("10928A38.jpg 1\n")
    found = [(one.name, one.gender, one.age, one.split) for one in all_age_faces.read(tmp_path)]
    assert found == [("00000A02.jpg", "female", 2, "train"), ("10928A38.jpg", "male", 38, "validation")]


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


def test_gender_folders_say_who_it_is_when_identities_are_given(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "Train" / "Male" / "000001.jpg.jpg", 1)
    paint(tmp_path / "Test" / "female" / "000002.jpg.jpg", 2)
    (tmp_path / "identities.txt").write_text("000001.jpg 7\n000003.jpg 8\n")
    found = [(one.split, one.gender, one.subject) for one in gender_folders.read(tmp_path, tmp_path / "identities.txt")]
    assert found == [("test", "female", None), ("train", "male", "7")]


def test_gender_folders_refuse_identities_of_other_pictures(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "Training" / "male" / "a.jpg", 1)
    (tmp_path / "identities.txt").write_text("000001.jpg 7\n")
    with pytest.raises(DatasetError, match="names none of the pictures"):
        list(gender_folders.read(tmp_path, tmp_path / "identities.txt"))


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


def seen_rows() -> list[list[str]]:
    """Source, picture, bytes and gender of each face of `seen_genders.csv`."""
    return [line.split(",") for line in seen_genders.TABLE.read_text().splitlines()[1:]]


@pytest.mark.parametrize("source", ["rafdb", "affectnet"])
def test_genders_that_come_with_faceannot_are_given_to_the_pictures_that_they_were_seen_on(
    tmp_path: Path, source: str
) -> None:
    _, picture, size, gender = next(row for row in seen_rows() if row[0] == source)
    lies_at = tmp_path / picture
    lies_at.parent.mkdir(parents=True)
    lies_at.write_bytes(bytes(int(size)))
    assert seen_genders.seen_gender(source, picture, lies_at) == gender
    assert seen_genders.seen_gender("ferplus", picture, lies_at) is None
    lies_at.write_bytes(bytes(int(size) + 1))
    assert seen_genders.seen_gender(source, picture, lies_at) is None


def test_readers_give_the_genders_that_come_with_faceannot(tmp_path: Path) -> None:
    rows = [row for row in seen_rows() if row[0] in {"rafdb", "affectnet"}][::250]
    for source, picture, size, _ in rows:
        lies_at = tmp_path / source / picture
        lies_at.parent.mkdir(parents=True, exist_ok=True)
        lies_at.write_bytes(bytes(int(size)))
        if source == "affectnet":
            label = lies_at.parents[1] / "labels" / f"{lies_at.stem}.txt"
            label.parent.mkdir(exist_ok=True)
            label.write_text("4 0.5 0.5 1 1")
    for part in ("train", "test"):
        other = tmp_path / "rafdb" / part / "4" / "other.jpg"
        other.parent.mkdir(parents=True, exist_ok=True)
        other.touch()
    read = [*rafdb.read(tmp_path / "rafdb"), *affectnet_yolo.read(tmp_path / "affectnet")]
    found = {(example.source, example.name): example.gender for example in read}
    assert found.pop(("rafdb", "train/4/other.jpg")) is None
    assert found.pop(("rafdb", "test/4/other.jpg")) is None
    assert found == {(source, picture): gender for source, picture, _, gender in rows}
    assert {source for source, _ in found} == {"rafdb", "affectnet"}


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


def test_ferplus_gives_no_expression_to_faces_that_people_do_not_agree_on(tmp_path: Path, paint: Painter) -> None:
    source = ferplus_source(
        tmp_path, paint, "Training,fer0.png,4,3,3,0,0,0,0,0,0,0", "Training,fer1.png,0,0,0,0,0,0,0,5,5,0"
    )
    assert [example.expression for example in ferplus.read(source)] == [None, None]
    assert [example.expression is None for example in ferplus.read(source, agreement=4)] == [False, True]


def test_ferplus_reports_how_many_pictures_are_missing(
    tmp_path: Path, paint: Painter, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"Training,fer{number}.png,9,1,0,0,0,0,0,0,0,0" for number in range(3)]
    (ferplus_source(tmp_path, paint, *rows) / "FER2013Train" / "fer1.png").unlink()
    assert len(list(ferplus.read(tmp_path))) == 2
    assert "1 of 3 pictures are missing" in caplog.text
    assert "fer1.png" in caplog.text


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


def test_affectnet_has_no_expression_for_contempt(tmp_path: Path, paint: Painter) -> None:
    source = affectnet_source(tmp_path, paint, image1="1", image2="6")
    assert [example.expression for example in affectnet_yolo.read(source)] == [None, one_hot("sad")]


def test_ffhq_pictures_have_the_class_of_the_set_and_gender_and_age_of_the_table(
    tmp_path: Path, paint: Painter
) -> None:
    source = affectnet_source(tmp_path, paint, ffhq_5="4", ffhq_1200="4")
    table = tmp_path / "genders.csv"
    table.write_text("picture,gender,age,smile\nffhq_1200.png,female,50.0,1.0\n")
    known, unknown = affectnet_yolo.read(source, table)
    assert (known.source, known.gender, known.age, known.expression) == ("ffhq", "female", 50, one_hot("happy"))
    assert (unknown.gender, unknown.age, unknown.expression) == (None, None, one_hot("happy"))


@pytest.mark.parametrize("label", ["", "9 0.5 0.5 1 1"])
def test_affectnet_names_a_label_file_that_is_wrong(tmp_path: Path, paint: Painter, label: str) -> None:
    affectnet_source(tmp_path, paint, image1="1")
    (tmp_path / "train" / "labels" / "image1.txt").write_text(label)
    with pytest.raises(DatasetError, match=r"image1\.txt"):
        list(affectnet_yolo.read(tmp_path))


def test_affectnet_without_a_label_file_names_it(tmp_path: Path, paint: Painter) -> None:
    paint(tmp_path / "train" / "images" / "image9.png")
    with pytest.raises(DatasetError, match=r"image9\.txt"):
        list(affectnet_yolo.read(tmp_path))


def test_everyday_gives_what_is_there_of_its_table_and_counts_the_rest(
    tmp_path: Path, paint: Painter, caplog: pytest.LogCaptureFixture
) -> None:
    for colour, number in enumerate(("005619", "005624", "005629", "005682", "not in the table"), start=1):
        paint(tmp_path / "appa-real" / "test" / f"{number}.jpg", colour)
    with caplog.at_level(logging.WARNING):
        read = {one.path.stem: (one.gender, one.expression, one.split) for one in everyday.read(tmp_path)}
    assert read == {
        "005619": ("female", one_hot("neutral"), "train"),
        "005624": ("female", one_hot("happy"), "test"),
        "005629": (None, one_hot("neutral"), "train"),
        "005682": ("male", None, "train"),
    }
    assert "8150 of 8154 pictures are missing" in caplog.text


def test_everyday_needs_some_of_its_pictures(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none of the pictures .* such as .*affectnet-yolo"):
        list(everyday.read(tmp_path))


def test_everyday_takes_no_picture_that_is_kept_for_judging_and_none_twice() -> None:
    rows = [line.split(",") for line in everyday.TABLE.read_text().splitlines()[1:]]
    assert all(gender or expression for _, gender, expression, _ in rows)
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    numbers = [int(name.split("ffhq_")[1].split(".")[0]) for name in names if "ffhq_" in name]
    assert len(numbers) == 2958
    assert min(numbers) > max(affectnet_yolo.KEPT_FFHQ)
