"""The scripts in examples/ do what their first lines say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import fakes

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*command: str | Path, folder: Path, first_on_path: Path | None = None) -> str:
    """Standard output of `command`, which finds the `faceannot` of this interpreter, or that in `first_on_path`."""
    paths = os.pathsep.join([str(first_on_path or Path(sys.executable).parent), os.environ["PATH"]])
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
def test_happy_photos_runs_as_a_pipeline(tmp_path: Path) -> None:
    # A real model has its own opinion of who is happy; this one's is known.
    command = tmp_path / "bin" / "faceannot"
    command.parent.mkdir()
    model = fakes.bundle(tmp_path / "bundle")
    command.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m faceannot \"$@\" --model '{model}'\n")
    command.chmod(0o755)
    fakes.save(fakes.photo((1, 1, fakes.HAPPY_MALE)), tmp_path / "photos" / "one.jpg")
    fakes.save(
        fakes.photo((1, 1, fakes.HAPPY_MALE), (5, 2, fakes.HAPPY_FEMALE)), tmp_path / "photos" / "in" / "two.JPG"
    )
    fakes.save(fakes.photo((1, 1, fakes.SAD_MALE)), tmp_path / "photos" / "sad.jpeg")
    shown = run(EXAMPLES / "happy_photos.sh", "photos", folder=tmp_path, first_on_path=command.parent)
    assert shown == "2\tphotos/in/two.JPG\n1\tphotos/one.jpg\n"


def test_every_example_is_tested() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert not [path.name for path in EXAMPLES.iterdir() if path.is_file() and f'"{path.name}"' not in tests]
