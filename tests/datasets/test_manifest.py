"""A CSV of one's own."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from faceannot.datasets import manifest
from faceannot.datasets.example import one_hot
from faceannot.errors import DatasetError
from tests.datasets.conftest import Painter


@pytest.fixture
def table(tmp_path: Path, paint: Painter) -> Path:
    paint(tmp_path / "photos" / "a.png", 1)
    return tmp_path / "list.csv"


def test_every_column_is_used(table: Path) -> None:
    table.write_text(
        "path,gender,emotion,expression,split,subject,group,age,ethnicity\n"
        "photos/a.png,Female,happy,,val,anna,studio,34,Asian\n"
    )
    (example,) = manifest.read(table)
    assert example.path == table.parent / "photos" / "a.png"
    assert (example.gender, example.expression, example.split) == ("female", one_hot("happy"), "validation")
    assert (example.subject, example.group, example.age, example.ethnicity) == ("anna", "studio", 34, "Asian")


def test_columns_and_fields_may_be_missing(table: Path) -> None:
    table.write_bytes(b"\xef\xbb\xbfpath,expression\r\nphotos/a.png,fear\r\nphotos/a.png,\r\n")
    found = [(one.gender, one.expression, one.split) for one in manifest.read(table)]
    assert found == [(None, one_hot("fear"), "train"), (None, None, "train")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("photos/a.png,femal,,,", "gender has to be one of male, female, found 'femal'"),
        ("photos/a.png,,angry,,", "emotion has to be one of happy, sad"),
        ("photos/a.png,,sad,happy,", "emotion is sad, but expression is happy"),
        ("photos/b.png,male,,,", r"path: no such file: photos/b\.png"),
        (",male,,,", "path: no such file"),
        ("photos/a.png,male,,,old", "age: expected a number"),
        ("photos/a.png,male", "2 fields, but the header has 5"),
    ],
)
def test_a_bad_row_is_named_with_its_line(table: Path, row: str, message: str) -> None:
    table.write_text(f"path,gender,emotion,expression,age\nphotos/a.png,male,,,\n\n{row}\n")
    with pytest.raises(DatasetError, match=rf"list\.csv:4: {message}"):
        list(manifest.read(table))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: no column path; found nothing"),
        (b"file,gender\na.png,male\n", ":1: no column path; found file, gender"),
        (b"path,gendr\nphotos/a.png,male\n", ":1: none of the columns gender, emotion, expression"),
        (b"path,gender\n", ": no rows"),
        ("path,gender\nphotos/\xe4.png,male\n".encode("latin-1"), ": not UTF-8 text"),
        ("path,gender\n".encode("utf-16"), ": not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_manifest_says_why(table: Path, content: bytes, message: str) -> None:
    table.write_bytes(content)
    with pytest.raises(DatasetError, match=rf"list\.csv{message}"):
        list(manifest.read(table))


def test_columns_that_nothing_uses_are_reported(table: Path, caplog: pytest.LogCaptureFixture) -> None:
    table.write_text("path,gender,mood\nphotos/a.png,male,good\n")
    with caplog.at_level(logging.WARNING):
        assert len(list(manifest.read(table))) == 1
    assert "unknown columns mood" in caplog.text
