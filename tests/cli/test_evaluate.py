"""`faceannot evaluate` as people call it: afresh, from recorded scores, and the one against the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import fakes
from tests.cli import archives
from tests.cli.archives import HAPPY, SAD
from tests.cli.running import faceannot, shell
from tests.fakes import HAPPY_FEMALE, HAPPY_MALE, SAD_FEMALE, SAD_MALE


@pytest.fixture
def rafdb(tmp_path: Path) -> Path:
    """RAF-DB in small: of five test faces one happy one is read as sad, and one is not found."""
    faces = [(HAPPY, HAPPY_MALE), (HAPPY, SAD_FEMALE), (SAD, SAD_FEMALE), (SAD, SAD_MALE)]
    return archives.rafdb(tmp_path / "raf", *faces)


def test_a_fresh_report_says_how_often_it_is_right_and_what_was_lost(tmp_path: Path, bundle: Path, rafdb: Path) -> None:
    run = faceannot(
        "evaluate", "--model", bundle, "--data", f"rafdb:{rafdb}", "--out", "r.html", "--json", "r.json", cwd=tmp_path
    )
    assert (run.returncode, run.stderr) == (0, b"")
    text = run.stdout.decode()
    assert "not who somebody is" in " ".join(text.split())
    assert "60.0" in text
    assert "test_nobody.jpg" in text
    content = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    (source,) = content["models"][0]["sources"]
    assert (source["pictures"], source["no_face"]) == (5, 1)
    assert source["questions"][0]["figures"][0]["value"] == 0.6
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_json_on_standard_output_stands_alone(tmp_path: Path, bundle: Path, rafdb: Path) -> None:
    run = faceannot("evaluate", "--model", bundle, "--data", f"rafdb:{rafdb}", "--json", "-", cwd=tmp_path)
    assert run.returncode == 0
    assert json.loads(run.stdout)["split"] == "test"


def test_a_closed_pipe_ends_quietly(tmp_path: Path, bundle: Path, rafdb: Path) -> None:
    run = shell(f"$faceannot evaluate --model {bundle} --data rafdb:{rafdb} | true", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, b"")


def test_several_bundles_are_put_side_by_side(tmp_path: Path, bundle: Path, rafdb: Path) -> None:
    other = fakes.bundle(tmp_path / "other", name="other")
    run = faceannot(
        "evaluate", "--model", bundle, "--model", other, "--data", f"rafdb:{rafdb}", "--json", "r.json", cwd=tmp_path
    )
    assert run.returncode == 0
    assert "Side by side" in run.stdout.decode()
    content = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [model["name"] for model in content["models"]] == ["fake", "other"]


def test_what_was_recorded_needs_no_data_and_agrees_with_a_fresh_look(tmp_path: Path, rafdb: Path) -> None:
    folder = fakes.bundle(tmp_path / "bundle")
    recorded = faceannot("evaluate", "--record-into", folder, "--data", f"rafdb:{rafdb}", cwd=tmp_path)
    assert recorded.returncode == 0, recorded.stderr
    assert b"5 faces" in recorded.stderr
    bare = faceannot("evaluate", "--model", folder, "--json", "-", cwd=tmp_path)
    assert bare.returncode == 0, bare.stderr
    model = json.loads(bare.stdout)["models"][0]
    assert model["recorded"]
    assert model["sources"][0]["questions"][0]["figures"][0]["value"] == 0.6
    against = faceannot(
        "evaluate", "--model", folder, "--data", f"rafdb:{rafdb}", "--against", "recorded", cwd=tmp_path
    )
    assert against.returncode == 0
    assert "no figure differs" in against.stdout.decode()


def test_a_figure_outside_the_recorded_interval_needs_a_look(tmp_path: Path, rafdb: Path) -> None:
    folder = fakes.bundle(tmp_path / "bundle")
    other = tmp_path / "many"
    for number in range(40):
        label = "4" if number % 2 else "5"
        colour = HAPPY_MALE if number % 2 else SAD_MALE
        fakes.save(fakes.photo((number % 20, number // 20 + 6, colour)), other / "test" / label / f"test_{number}.jpg")
    fakes.save(fakes.photo((2, 2, HAPPY_FEMALE)), other / "train" / "4" / "train_0.jpg")
    assert faceannot("evaluate", "--record-into", folder, "--data", f"rafdb:{other}", cwd=tmp_path).returncode == 0
    run = faceannot("evaluate", "--model", folder, "--data", f"rafdb:{rafdb}", "--against", "recorded", cwd=tmp_path)
    assert run.returncode == 3
    assert "of them outside" in run.stdout.decode()


def test_a_bundle_without_recorded_scores_says_what_to_do(tmp_path: Path, bundle: Path) -> None:
    run = faceannot("evaluate", "--model", bundle, cwd=tmp_path)
    assert run.returncode == 1
    assert b"--data KIND:PATH" in run.stderr
    assert b"Traceback" not in run.stderr


def test_a_report_that_exists_is_kept_and_nothing_is_measured(tmp_path: Path, bundle: Path, rafdb: Path) -> None:
    (tmp_path / "r.html").write_text("mine")
    arguments = ["evaluate", "--model", bundle, "--data", f"rafdb:{rafdb}", "--out", "r.html"]
    run = faceannot(*arguments, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (1, b"")
    assert b"--overwrite" in run.stderr
    assert (tmp_path / "r.html").read_text() == "mine"
    assert faceannot(*arguments, "--overwrite", cwd=tmp_path).returncode == 0
    assert "<html" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", "nothing"], 1, b"KIND:PATH"),
        (["--data", "rafdb:missing"], 1, b"no such file or folder"),
        (["--against", "recorded"], 2, b"--against needs --data"),
        (["--record-into", "x"], 2, b"--record-into needs --data"),
        (["--split", "train"], 2, b"--split needs --data"),
        (["--data", "rafdb:x", "--split", "train", "--against", "recorded"], 2, b"test part"),
        (["--data", "rafdb:x", "--model", "y", "--record-into", "x"], 2, b"--model"),
        (["--out", "no/such/r.html"], 1, b"no such folder"),
        (["--out", "r", "--json", "r"], 2, b"both"),
        (["--model", "missing"], 1, b"no such file"),
        (["--split", "all"], 2, b"--split"),
    ],
)
def test_what_cannot_be_meant_is_said_in_words(tmp_path: Path, arguments: list[str], code: int, words: bytes) -> None:
    run = faceannot("evaluate", *arguments, cwd=tmp_path)
    assert run.returncode == code
    assert words in run.stderr
    assert b"Traceback" not in run.stderr
    assert run.stdout == b""
