"""Tables in all formats: columns, quoting, streaming, failures."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.errors import OutputError, UsageError
from faceannot.outputs.finished import photos_in
from faceannot.outputs.names import unescape
from faceannot.outputs.table import COLUMNS, FORMATS, Format, infer_format, open_table, rows
from faceannot.records import PhotoResult
from tests.outputs.results import HEADER, face, failed, photo_result, scores

RESULTS = [
    photo_result("a/two.jpg", face(1), face(2, found=scores("male", "sad", 0.7), unsure=True)),
    photo_result("a/none.jpg"),
    failed("a/bad.jpg"),
]
AWKWARD_NAMES = [
    'comma, "quote".jpg',
    "line\nfeed.jpg",
    "carriage\rreturn.jpg",
    " blanks .jpg",
    "=1+1.jpg",
    "עברית.jpg",
    os.fsdecode(b"caf\xe9.jpg"),
    "literal\\xe9.jpg",
    "x" * 250 + ".jpg",
]


def written(path: Path, results: list[PhotoResult]) -> bytes:
    with open_table(path, infer_format(path), header=HEADER) as table:
        for result in results:
            table.write(result)
    return path.read_bytes()


def csv_rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def names_in(path: Path) -> list[str]:
    """The `path` column of any format, unescaped."""
    if path.suffix == ".parquet":
        return [unescape(row["path"]) for row in parquet_rows(path)]
    if path.suffix == ".csv":
        return [unescape(row["path"]) for row in csv_rows(path.read_bytes())]
    text = path.read_bytes().decode("utf-8")
    photos = json.loads(text)["photos"] if path.suffix == ".json" else map(json.loads, text.split("\n")[:-1])
    return [unescape(photo["path"]) for photo in photos]


def test_each_face_is_one_row_and_a_photo_without_a_face_too() -> None:
    counts = [len(rows(result)) for result in RESULTS]
    assert counts == [2, 1, 1]


def test_rows_have_the_columns_of_the_design_in_their_order() -> None:
    assert all(tuple(row) == COLUMNS for result in RESULTS for row in rows(result))


def test_csv_says_what_was_found(tmp_path: Path) -> None:
    lines = written(tmp_path / "t.csv", RESULTS).decode().split("\n")
    assert lines == [
        "path,status,face,left,top,width,height,detection,label,label_score,gender,gender_score,emotion,"
        "emotion_score,expression,expression_score,unsure,photo_width,photo_height,error",
        "a/two.jpg,ok,1,10,20,8,9,0.9000,HappyFemale,0.8836,female,0.9000,happy,0.9818,happy,0.9000,false,640,480,",
        "a/two.jpg,ok,2,20,20,8,9,0.9000,SadMale,0.6533,male,0.7000,sad,0.9333,sad,0.7000,true,640,480,",
        "a/none.jpg,no_face,,,,,,,,,,,,,,,,640,480,",
        "a/bad.jpg,error,,,,,,,,,,,,,,,,,,the file is empty",
        "",
    ]


def test_json_holds_the_header_the_landmarks_and_all_scores(tmp_path: Path) -> None:
    data = json.loads(written(tmp_path / "t.json", RESULTS))
    assert data["faceannot"] == "1.2.3"
    assert data["bundle"] == {"name": "standard", "sha256": "ab" * 32}
    assert [photo["status"] for photo in data["photos"]] == ["ok", "no_face", "error"]
    found = data["photos"][0]["faces"][0]
    assert found["landmarks"][0] == [12.4, 23.6]
    assert found["scores"]["gender"] == {"male": 0.1, "female": 0.9}
    assert found["scores"]["expression"]["sad"] == 0.0167


def test_json_of_no_photo_is_valid(tmp_path: Path) -> None:
    assert json.loads(written(tmp_path / "t.json", []))["photos"] == []


def test_jsonl_is_the_photos_of_json_one_a_line(tmp_path: Path) -> None:
    lines = written(tmp_path / "t.jsonl", RESULTS).decode().splitlines()
    photos = json.loads(written(tmp_path / "t.json", RESULTS))["photos"]
    assert [json.loads(line) for line in lines] == photos


def test_parquet_has_the_rows_of_csv_with_types(tmp_path: Path) -> None:
    written(tmp_path / "t.parquet", RESULTS)
    assert parquet_rows(tmp_path / "t.parquet") == [row for result in RESULTS for row in rows(result)]


def test_parquet_says_which_version_and_bundle_made_it(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    written(tmp_path / "t.parquet", RESULTS)
    metadata = pq.read_schema(tmp_path / "t.parquet").metadata
    assert json.loads(metadata[b"faceannot"]) == {
        "faceannot": "1.2.3",
        "bundle": {"name": "standard", "sha256": "ab" * 32},
    }


def test_parquet_of_several_groups_holds_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceannot.outputs.parquet.ROWS_A_GROUP", 3)
    results = [photo_result(f"{i}.jpg", face(1), face(2)) for i in range(5)]
    written(tmp_path / "t.parquet", results)
    assert len(parquet_rows(tmp_path / "t.parquet")) == 10


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(OutputError, match=re.escape("faceannot[parquet]")):
        open_table(tmp_path / "t.parquet", "parquet", header=HEADER)
    assert not (tmp_path / "t.parquet").exists()


@pytest.mark.parametrize("kind", FORMATS)
def test_names_come_back_from_every_format(tmp_path: Path, kind: Format) -> None:
    path = tmp_path / f"t.{kind}"
    written(path, [photo_result(name) for name in AWKWARD_NAMES])
    assert names_in(path) == AWKWARD_NAMES


# All that a file on Linux can be called: bytes but for NUL and the separator, also such as are no UTF-8.
FILE_NAMES = (
    st.binary(min_size=1, max_size=255).filter(lambda name: not set(name) & {0, 47}).map(os.fsdecode)
    | st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=60)
    | st.text("=+-@\t\r\n\"',;\\ x\u05e9\u202e\u2028", min_size=1, max_size=20)
)


@pytest.mark.parametrize("kind", FORMATS)
@given(names=st.lists(FILE_NAMES, max_size=5))
def test_any_name_of_a_file_comes_back_from_every_format(kind: Format, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"t.{kind}")
        written(path, [photo_result(name) for name in names])
        assert names_in(path) == names
        assert [unescape(name) for name, _ in photos_in(path, kind)] == names


@pytest.mark.parametrize("kind", FORMATS)
def test_two_runs_give_the_same_bytes(tmp_path: Path, kind: Format) -> None:
    assert written(tmp_path / f"1.{kind}", RESULTS) == written(tmp_path / f"2.{kind}", RESULTS)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_stopped_table_can_be_read(tmp_path: Path, kind: Format) -> None:
    path = tmp_path / f"t.{kind}"
    with pytest.raises(KeyboardInterrupt), open_table(path, kind, header=HEADER) as table:
        table.write(RESULTS[1])
        raise KeyboardInterrupt
    assert names_in(path) == ["a/none.jpg"]


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_each_photo_is_on_disk_before_the_next(tmp_path: Path, kind: Format) -> None:
    path = tmp_path / f"t.{kind}"
    with open_table(path, kind, header=HEADER) as table:
        table.write(RESULTS[0])
        assert b"two.jpg" in path.read_bytes()


def test_an_error_of_several_lines_becomes_one(tmp_path: Path) -> None:
    data = written(tmp_path / "t.csv", [failed(error="broken\n  at byte 7\r\n")])
    assert csv_rows(data)[0]["error"] == "broken at byte 7"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_stream_gets_what_a_file_gets_and_stays_open(tmp_path: Path, kind: Format) -> None:
    stream = io.BytesIO()
    with open_table(stream, kind, header=HEADER) as table:
        for result in RESULTS:
            table.write(result)
    assert stream.getvalue() == written(tmp_path / f"t.{kind}", RESULTS)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_closed_pipe_stays_a_broken_pipe_error(kind: Format) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with (
        os.fdopen(writer, "wb", 0) as pipe,
        pytest.raises(BrokenPipeError),
        open_table(pipe, kind, header=HEADER) as table,
    ):
        table.write(RESULTS[0])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_full_disk_is_an_output_error_that_says_so(kind: Format) -> None:
    said = "/dev/full cannot be written: No space left"
    with pytest.raises(OutputError, match=said), open_table(Path("/dev/full"), kind, header=HEADER) as table:
        table.write(RESULTS[0])


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_is_written_after_a_failure(kind: Format) -> None:
    class FailsOnce(io.BytesIO):
        failed, length = False, -1

        def write(self, data: Any) -> int:
            if len(self.getvalue()) > 3 and not self.failed:
                self.failed, self.length = True, len(self.getvalue())
                raise OSError(28, "No space left on device")
            return super().write(data)

    stream = FailsOnce()
    with pytest.raises(OutputError), open_table(stream, kind, header=HEADER) as table:
        for _ in range(2):
            table.write(RESULTS[0])
    assert len(stream.getvalue()) == stream.length


def test_an_output_that_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        open_table(path, "csv", header=HEADER)
    assert path.read_text() == "mine"


def test_an_output_that_exists_is_replaced_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mine" * 1000)
    with open_table(path, "csv", header=HEADER, overwrite=True):
        pass
    assert path.read_text() == ",".join(COLUMNS) + "\n"


def test_an_output_in_no_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        open_table(tmp_path / "no" / "t.csv", "csv", header=HEADER)


def test_an_output_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Is a directory"):
        open_table(tmp_path, "csv", header=HEADER, overwrite=True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.csv", "csv"), ("A.JSON", "json"), ("a.jsonl", "jsonl"), ("a.ndjson", "jsonl"), ("a.parquet", "parquet")],
)
def test_the_suffix_says_the_format(name: str, kind: Format) -> None:
    assert infer_format(Path(name)) == kind


@pytest.mark.parametrize("name", ["labels", "labels.xlsx", ".csv"])
def test_a_suffix_without_a_format_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="--format"):
        infer_format(Path(name))
