"""`faceannot train`, as a person starts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import faceannot
from tests.training import tiny

QUICK = [word for setting in (*tiny.QUICK, "epochs=2") for word in ("--set", setting)]


def test_a_training_tells_its_epochs_and_leaves_a_bundle(tmp_path: Path, bundle: Path) -> None:
    source = tiny.prepared(tmp_path / "both", kind="both")
    arguments = ("train", "gender-cnn", "--data", f"prepared:{source}", "--out", "out", "--model", bundle)
    run = faceannot(*arguments, *QUICK, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, b"")
    said = run.stderr.decode()
    assert "gender: epoch 2/2" in said
    assert "0:00 left" in said
    assert "women" in said
    info = faceannot("info", "--model", "out", cwd=tmp_path).stdout.decode()
    assert "gender-cnn" in info


def test_a_recipe_of_ones_own_is_taken(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "my.toml").write_bytes(faceannot("recipes", "gender-cnn", cwd=tmp_path).stdout)
    source = tiny.prepared(tmp_path / "both", kind="both")
    arguments = ("train", "--recipe", "my.toml", "--data", f"prepared:{source}", "--out", "out", "--model", bundle)
    run = faceannot(*arguments, *QUICK, "--preview", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, b""), run.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["augmentation_preview.png"]


def test_a_side_that_enlarges_the_crops_is_warned_of(tmp_path: Path, bundle: Path) -> None:
    arguments = ("train", "gender-cnn", "--data", "prepared:x", "--out", "out", "--model", bundle)
    assert b"84 pixels" in faceannot(*arguments, "--set", "side_px=112", cwd=tmp_path).stderr
    assert b"warning" not in faceannot(*arguments, "--set", "side_px=84", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["train"], 2, "--data"),
        (["train", "gender-cnn", "--data", "rafdb:x"], 2, "--out"),
        (["train", "gendercnn", "--data", "rafdb:x", "--out", "o"], 2, "there are bundled-classifier"),
        (["train", "--data", "rafdb:x", "--out", "o"], 2, "--recipe"),
        (["train", "gender-cnn", "--data", "rafdb:x", "--out", "o", "--set", "epochs=0"], 2, "schedule.epochs"),
        (["train", "gender-cnn", "--data", "rafdb:x", "--out", "o", "--resume", "--overwrite"], 2, "use one of them"),
        (["train", "gender-cnn", "--data", "rafdb:x", "--out", "o", "--folds", "1"], 2, "--folds"),
        (["train", "gender-cnn", "--data", "prepared:x", "--out", "o"], 1, "prepared crops"),
        (["train", "gender-cnn", "--data", "rafdb:x", "--out", "o"], 1, "no such file"),
    ],
)
def test_what_cannot_be_meant_or_done_is_said_in_words(
    arguments: list[str], code: int, words: str, tmp_path: Path
) -> None:
    run = faceannot(*arguments, cwd=tmp_path)
    assert run.returncode == code
    assert words in run.stderr.decode()
    assert b"Traceback" not in run.stderr
