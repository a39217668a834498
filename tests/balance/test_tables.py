"""Tables that `faceannot label` wrote, read back as faces to count."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from faceannot.balance.entries import Entry
from faceannot.balance.tables import read_table
from faceannot.errors import InputError, PhotoError
from faceannot.outputs.table import FORMATS, Format, open_table
from tests.balance.making import encoded, saved, scene
from tests.outputs.results import HEADER, face, failed, photo_result, scores

RESULTS = (
    photo_result(
        "a, b.jpg", face(1, found=scores("female", "happy")), face(2, found=scores("male", "fear"), unsure=True)
    ),
    photo_result("none.jpg"),
    photo_result("caf\udce9.jpg", face(1, found=scores("male", "sad"))),
    failed("bad.jpg", "damaged JPEG"),
)

COLUMNS = b"path,status,gender,emotion,expression,unsure\n"
FACE = b'{"gender": "male", "emotion": "sad", "expression": "sad", "unsure": false}'


def written(folder: Path, table_format: Format) -> Path:
    path = folder / f"labels.{table_format}"
    with open_table(path, table_format, header=HEADER) as table:
        for result in RESULTS:
            table.write(result)
    return path


@pytest.mark.parametrize("table_format", FORMATS)
def test_each_format_gives_its_faces(tmp_path: Path, table_format: Format) -> None:
    path = written(tmp_path, table_format).rename(tmp_path / "labels")
    found = [(face.name, face.gender, face.expression, face.emotion) for face in read_table(path, tmp_path)]
    assert found == [
        ("a, b.jpg", "female", "happy", "happy"),
        ("a, b.jpg", "male", "fear", None),
        (r"caf\xe9.jpg", "male", "sad", "sad"),
    ]


@pytest.mark.parametrize("table_format", FORMATS)
def test_photos_without_a_face_and_failures_are_reported(
    tmp_path: Path, table_format: Format, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        list(read_table(written(tmp_path, table_format), tmp_path))
    assert "1 photos without a face" in caplog.text
    assert "1 photos that could not be read" in caplog.text


def test_the_first_face_of_a_photo_has_its_picture(tmp_path: Path) -> None:
    saved(tmp_path / "photos" / "a, b.jpg", encoded(scene(1)))
    first, second, _ = read_table(written(tmp_path, "csv"), tmp_path / "photos")
    assert first.content
    assert first.content() == encoded(scene(1))
    assert second.content is None


@pytest.mark.parametrize("name", ["pipe", "nul\0", ".", "gone.jpg"])
def test_a_photo_that_is_no_plain_file_cannot_be_read(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    table = saved(tmp_path / "labels", COLUMNS + f"{name},ok,male,sad,sad,false\n".encode())
    (face,) = read_table(table, tmp_path)
    assert face.content
    with pytest.raises(PhotoError):
        face.content()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,age\na.jpg,3\n", r"labels:2: .* no column emotion"),
        (b"path,status,gender,emotion,expression,unsure\na.jpg,ok,robot,happy,happy,false\n", "labels:2: .*robot"),
        (b'{"path": "a.jpg", "status": "no_face", "faces": []}\n{"pat\n', "labels:2"),
        (b"\xff\xfe\x00", "labels: not a table"),
        (b"PAR1 and no more", "labels: damaged Parquet"),
        (COLUMNS + b"a.jpg,ok,male,glad,happy,false\n", "labels:2: emotion has to be one of happy, sad, found 'glad'"),
        (COLUMNS + b"a.jpg,ok,male,,happy,true\n", "labels:2: emotion has to be one of happy, sad, found ''"),
        (COLUMNS + b",ok,male,happy,happy,false\n", "labels:2: path has to be the name of a photo"),
        (b'{"path": 3, "status": "ok", "faces": [' + FACE + b"]}\n", "labels:1: path has to be the name of a photo"),
        (b'{"path": "a.jpg", "status": "ok", "faces": 3}\n', "labels:1: not a photo"),
        (b'{"path": "a.jpg", "status": "ok", "faces": [3]}\n', "labels:1: not a photo"),
        (b'{"path": ' + b"[" * 100_000, "labels:1: not JSON"),
        (b'{"path": ' + b"9" * 5000, "labels:1: not JSON"),
        (COLUMNS + b"a.jpg,ok\n", "labels:2: another number of fields than the header has"),
        (COLUMNS + b"a.jpg,ok,male,happy,happy,false,more\n", "labels:2: another number of fields than the header has"),
        (COLUMNS + b"a" * 200_000 + b",ok,male,happy,happy,false\n", "labels:2: .*field larger than field limit"),
        (COLUMNS + b'"a.jpg,ok,male,happy,happy,false\n', "labels:2: .*unexpected end of data"),
        (COLUMNS + b"a.jpg,ok," + b"x" * 9000 + b",happy,happy,false\n", r"labels:2: gender .*'x{1,80}\.\.\.$"),
    ],
)
def test_what_is_no_such_table_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list[Entry](read_table(saved(tmp_path / "labels", content), tmp_path))


@pytest.mark.parametrize("head", [COLUMNS, b'{"path": "a.jpg", "status": "no_face", "faces": []}\n'])
def test_a_table_of_twenty_gigabytes_without_a_line_end_is_refused_at_once(tmp_path: Path, head: bytes) -> None:
    path = saved(tmp_path / "labels", head)
    with path.open("r+b") as file:
        file.truncate(20 << 30)  # a hole, which takes no place on the disk
    with pytest.raises(InputError, match="labels:2: longer than 50,000,000 letters"):
        list(read_table(path, tmp_path))


def test_a_table_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"labels\.csv cannot be read"):
        list(read_table(tmp_path / "labels.csv", tmp_path))
