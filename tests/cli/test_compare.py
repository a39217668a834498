"""`faceannot compare`, as people start it: recipes that are trained beside bundles that are taken as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import archives
from tests.cli.archives import HAPPY, SAD
from tests.cli.running import faceannot
from tests.fakes import HAPPY_FEMALE, HAPPY_MALE, SAD_FEMALE, SAD_MALE
from tests.training import tiny

QUICK = [word for setting in (*tiny.QUICK, "epochs=1") for word in ("--set", setting)]


@pytest.fixture
def rafdb(tmp_path: Path) -> Path:
    """RAF-DB in small: four test faces whose gender the data do not say, and one that is not found."""
    faces = [(HAPPY, HAPPY_MALE), (HAPPY, HAPPY_FEMALE), (SAD, SAD_FEMALE), (SAD, SAD_MALE)]
    return archives.rafdb(tmp_path / "raf", *faces)


def test_recipes_are_trained_once_and_put_beside_a_bundle(tmp_path: Path, bundle: Path, rafdb: Path) -> None:
    source = tiny.prepared(tmp_path / "both", kind="both")
    trained = ["gender-cnn", "--train-data", f"prepared:{source}", "--work", "work", *QUICK]
    words = ["compare", bundle, *trained, "--data", f"rafdb:{rafdb}", "--model", bundle, "--genders-from-model"]
    run = faceannot(*words, "--out", "r.html", "--markdown", "r.md", "--json", "r.json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    said = run.stderr.decode()
    assert "gender-cnn, gender: epoch 1/1" in said
    assert "gender-cnn: trained, in work/gender-cnn" in said
    assert "what fake takes them for" in " ".join(run.stdout.decode().split())
    content = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in content["entrants"]] == ["fake", "gender-cnn"]
    assert [one["training_s"] is None for one in content["entrants"]] == [True, False]
    (emotion,) = [one for one in content["sheets"] if one["question"] == "emotion"]
    assert [column["name"] for column in emotion["columns"] if column["by"] == "gender, by a model"] == [
        "female",
        "male",
    ]
    fake, gender = emotion["lines"]
    assert (fake["cells"][0]["value"], fake["lost"]) == (0.8, 1)
    assert set(gender["cells"]) == {None}
    assert "faceannot compare" in (tmp_path / "r.md").read_text(encoding="utf-8")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")

    again = faceannot(*words, "--json", "-", cwd=tmp_path)
    assert again.returncode == 1
    assert b"--resume goes on with it" in again.stderr
    resumed = faceannot(*words, "--resume", "--json", "-", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert b"gender-cnn: was trained before" in resumed.stderr
    assert b"epoch" not in resumed.stderr
    assert json.loads(resumed.stdout)["sheets"] == content["sheets"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["gender-cnn", "--data", "rafdb:x"], 2, b"--work"),
        (["gender-cnn", "--data", "rafdb:x", "--work", "w"], 2, b"--train-data"),
        (["gendercnn", "--data", "rafdb:x", "--work", "w"], 2, b"faceannot recipes"),
        (["bundled-detector", "--data", "rafdb:x", "--work", "w"], 2, b"only classifiers"),
        (["bundled", "--data", "rafdb:x", "--set", "epochs=1"], 2, b"none is named"),
        (["bundled", "bundled", "--data", "rafdb:x"], 2, b"the same as bundled"),
        (["bundled", "--data", "rafdb:x"], 1, b"no such file"),
        (["bundled", "--data", "rafdb:x", "--out", "r", "--markdown", "r"], 2, b"both"),
        (["photos", "--data", "rafdb:x"], 1, b"bundle.json"),
        (["bundled"], 2, b"--data"),
    ],
)
def test_what_cannot_be_meant_or_done_is_said_in_words(
    arguments: list[str], code: int, words: bytes, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    run = faceannot("compare", *arguments, cwd=tmp_path)
    assert run.returncode == code
    assert words in run.stderr
    assert b"Traceback" not in run.stderr
    assert run.stdout == b""
