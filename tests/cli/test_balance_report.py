"""`faceannot balance-report` as a person runs it: outputs, streams and exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.balance.making import encoded, saved, scene
from tests.cli.running import COMMAND, environment, faceannot, shell

LIKENESS = encoded(scene(3))
TABLE = "path,status,gender,emotion,expression,unsure\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder `faces` as gender-folders: three men and a woman to train on, one of the men in validation too."""
    for number in range(3):
        saved(tmp_path / "faces" / "Training" / "male" / f"{number}.png", encoded(scene(number)))
    saved(tmp_path / "faces" / "Training" / "female" / "3.png", LIKENESS)
    saved(tmp_path / "faces" / "Validation" / "male" / "4.png", encoded(scene(2)))
    saved(tmp_path / "faces" / "Validation" / "female" / "5.png", encoded(scene(5)))
    return tmp_path


def report(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return faceannot("balance-report", "--data", "gender-folders:faces", *arguments, cwd=folder)


def test_the_report_is_on_standard_output(data: Path) -> None:
    run = report(data)
    assert (run.returncode, run.stderr) == (0, b"")
    assert "1 of 2 validation pictures: identical files in train" in run.stdout.decode()
    assert "gender by split" in run.stdout.decode()


def test_json_on_standard_output_is_alone_there(data: Path) -> None:
    run = report(data, "--json", "-")
    assert run.returncode == 0
    assert json.loads(run.stdout)["totals"]["gender"]["classes"] == {"male": 4, "female": 2}


def test_page_and_json_are_written_beside_the_tables(data: Path) -> None:
    run = report(data, "--out", "report.html", "--json", "report.json")
    assert run.returncode == 0
    assert run.stdout
    assert (data / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert json.loads((data / "report.json").read_text())["copies"]["pictures"] == 6


def test_outputs_that_exist_are_kept_unless_they_may_be_overwritten(data: Path) -> None:
    (data / "report.html").write_text("precious")
    refused = report(data, "--out", "report.html", "--json", "report.json")
    assert refused.returncode == 1
    assert b"report.html exists already" in refused.stderr
    assert (data / "report.html").read_text() == "precious"
    assert not (data / "report.json").exists()
    assert report(data, "--out", "report.html", "--overwrite").returncode == 0
    assert (data / "report.html").read_text() != "precious"


@pytest.mark.parametrize("target", ["missing/report.html", "faces"])
def test_what_cannot_be_written_is_told_before_the_work(data: Path, target: str) -> None:
    run = report(data, "--out", target, "--overwrite")
    assert (run.returncode, run.stdout) == (1, b"")
    assert b"cannot be written" in run.stderr


def test_a_leak_gives_3_and_says_where(data: Path) -> None:
    run = report(data, "--fail-on-leak")
    assert run.returncode == 3
    assert b"Training/male/2.png (train) and gender-folders Validation/male/4.png (validation)" in run.stderr
    assert run.stdout


def test_a_ratio_gives_3_and_says_which(data: Path) -> None:
    run = report(data, "--max-ratio", "gender=2.5", "--json", "-")
    assert run.returncode == 3
    assert b"gender in train: ratio 3.0, 3 male to 1 female, above 2.5" in run.stderr
    assert len(json.loads(run.stdout)["broken_limits"]) == 1
    assert report(data, "--max-ratio", "3").returncode == 0


def test_without_duplicates_no_picture_is_opened(data: Path) -> None:
    (data / "faces" / "Training" / "male" / "0.png").write_bytes(b"no picture")
    assert b"could not be read" in report(data).stdout
    run = report(data, "--no-duplicates", "--json", "-")
    assert run.returncode == 0
    assert json.loads(run.stdout)["copies"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["labels.csv", "--max-ratio", "0.5"],
        ["labels.csv", "--max-ratio", "age=2"],
        ["labels.csv", "--max-ratio", "many"],
        ["labels.csv", "--fail-on-leak", "--no-duplicates"],
        ["labels.csv", "--out", "x", "--json", "x"],
        ["labels.csv", "--json", "labels.csv", "--overwrite"],
    ],
)
def test_wrong_usage_gives_2_and_changes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "labels.csv").write_text(TABLE)
    run = faceannot("balance-report", *arguments, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, b"")
    assert run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["labels.csv"]
    assert (tmp_path / "labels.csv").read_text() == TABLE


def test_a_data_set_of_an_unknown_kind_gives_1(tmp_path: Path) -> None:
    run = faceannot("balance-report", "--data", "faces:here", cwd=tmp_path)
    assert run.returncode == 1
    assert b"unknown kind faces" in run.stderr


def test_a_table_of_label_is_reported_on_and_its_photos_are_compared(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        saved(tmp_path / "photos" / name, LIKENESS)
    rows = "a.png,ok,male,happy,happy,false\na.png,ok,female,sad,sad,true\nb.png,ok,male,happy,happy,false\n"
    (tmp_path / "labels.csv").write_text(TABLE + rows)
    run = faceannot("balance-report", "labels.csv", "--photos", "photos", "--json", "-", cwd=tmp_path)
    found = json.loads(run.stdout)
    assert found["totals"]["label"]["classes"] == {"HappyMale": 2, "HappyFemale": 0, "SadMale": 0, "SadFemale": 0}
    assert found["copies"]["identical"]["groups"] == 1


def test_a_table_comes_from_a_pipe_too(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(TABLE + "a.png,ok,male,happy,happy,false\n")
    line = "cat labels.csv | $faceannot balance-report - --no-duplicates --json - | grep -c HappyMale"
    run = shell(line, cwd=tmp_path)
    assert run.returncode == 0, run.stderr


def test_who_stops_reading_ends_the_report_quietly(data: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "balance-report", "--data", "gender-folders:faces"],
        cwd=data,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    assert process.wait(60) == 0


def test_photos_that_are_nowhere_lead_to_the_option_for_them(tmp_path: Path) -> None:
    saved(tmp_path / "photos" / "a.png", LIKENESS)
    (tmp_path / "labels.csv").write_text(TABLE + "a.png,ok,male,happy,happy,false\n")
    lost = faceannot("balance-report", "labels.csv", cwd=tmp_path)
    found = faceannot("balance-report", "labels.csv", "--photos", "photos", cwd=tmp_path)
    assert (lost.returncode, found.returncode) == (0, 0)
    assert b"--photos DIR" in lost.stderr
    assert found.stderr == b""
