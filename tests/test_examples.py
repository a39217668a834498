"""The scripts in examples/ do what their first lines say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*command: str | Path, folder: Path) -> str:
    """Standard output of `command`, which finds the `faceannot` of this interpreter."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": paths},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def photos(tmp_path: Path, portrait: Path) -> Path:
    """A folder with a portrait and, below it, a photo of nobody."""
    from PIL import Image

    (tmp_path / "inner").mkdir()
    shutil.copy(portrait, tmp_path / "one person.jpg")
    Image.new("RGB", (64, 48), "grey").save(tmp_path / "inner" / "nobody.jpg")
    return tmp_path


def test_annotate_prints_each_face(photos: Path) -> None:
    lines = run(sys.executable, EXAMPLES / "annotate.py", photos, folder=photos).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("one person.jpg 1: ")


def test_by_folder_counts_photos_and_faces(photos: Path) -> None:
    run(sys.executable, "-m", "faceannot", "label", photos, "--out", photos / "labels.csv", folder=photos)
    lines = run(sys.executable, EXAMPLES / "by_folder.py", "labels.csv", folder=photos).splitlines()
    assert [line.split("\t")[:3] for line in lines] == [
        ["folder", "photos", "faces"],
        [".", "1", "1"],
        ["inner", "1", "0"],
    ]


@pytest.mark.skipif(shutil.which("jq") is None, reason="needs jq")
def test_happy_photos_runs_as_a_pipeline(photos: Path) -> None:
    for line in run(EXAMPLES / "happy_photos.sh", photos, folder=photos).splitlines():
        count, path = line.split("\t")
        assert (count, Path(path).name) == ("1", "one person.jpg")


def test_every_example_is_tested() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert not [path.name for path in EXAMPLES.iterdir() if path.is_file() and f'"{path.name}"' not in tests]
