"""`faceannot prepare`: crops of whole sources, on disk whatever ends the run."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceannot.datasets.prepare import load
from tests import fakes
from tests.cli.running import faceannot, shell, started


@pytest.fixture
def detector(bundle: Path) -> Path:
    return bundle / "detector.onnx"


def source(folder: Path, count: int) -> Path:
    """Class folders of pictures that are all face for the fake detector, no two alike."""
    for number in range(count):
        path = folder / ("male", "female")[number % 2] / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((32, 32, 3), (255, number // 256, number % 256), np.uint8)).save(path)
    return folder


def test_each_source_gets_a_folder_of_its_own(tmp_path: Path, detector: Path) -> None:
    source(tmp_path / "a", 3)
    (tmp_path / "a" / "male" / "copy.png").write_bytes((tmp_path / "a" / "male" / "0000.png").read_bytes())
    fakes.save(fakes.photo(width=64, height=64), tmp_path / "b" / "happy" / "none.png")
    data = ("--data", "a", "--data", "folders:b")
    done = faceannot("prepare", *data, "--out", "out", "--detector", detector, "--threads", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    said = done.stderr.decode().splitlines()
    assert said == [
        "out/folders: 3 crops; no face found in 0",
        "  left out: 1, a copy",
        "out/folders-2: 0 crops; no face found in 1",
    ]
    assert len(load(tmp_path / "out" / "folders").examples) == 3


def test_a_picture_that_cannot_be_read_is_named_and_the_exit_code_says_so(tmp_path: Path, detector: Path) -> None:
    source(tmp_path / "a", 1)
    (tmp_path / "a" / "male" / "bad.png").write_bytes(b"no picture")
    done = faceannot("prepare", "--data", "a", "--out", "out", "--detector", detector, cwd=tmp_path)
    assert done.returncode == 3
    assert b"cannot be read: male/bad.png: not a photo" in done.stderr
    assert len(load(tmp_path / "out" / "folders").examples) == 1


def test_a_run_that_was_killed_goes_on_and_leaves_no_process_behind(tmp_path: Path, detector: Path) -> None:
    source(tmp_path / "a", 260)
    command = ("prepare", "--data", "a", "--out", "out", "--detector", detector, "--threads", "1")
    run = started(*command, cwd=tmp_path)
    journal = tmp_path / "out" / "folders" / "crops.journal"
    while not journal.exists() or journal.read_bytes().count(b"\n") < 2:
        assert run.poll() is None, run.communicate()[1]
        time.sleep(0.02)
    run.kill()
    # Its workers hold standard error open until they end.
    run.communicate(timeout=60)
    noted = journal.read_bytes()
    assert 2 <= noted.count(b"\n") < 6
    first = next((tmp_path / "a" / "female").iterdir())
    assert faceannot(*command, cwd=tmp_path).returncode == 0
    examples = load(tmp_path / "out" / "folders").examples
    assert len(examples) == 260
    assert first in {example.path for example in examples}
    wanted = [int(example.path.stem) for example in examples]
    crops = load(tmp_path / "out" / "folders").crops[:, 56, 56]
    assert [int(green) * 256 + int(blue) for _, green, blue in crops] == wanted


def test_ctrl_c_says_how_to_go_on(tmp_path: Path, detector: Path) -> None:
    source(tmp_path / "a", 400)
    run = started("prepare", "--data", "a", "--out", "out", "--detector", detector, "--threads", "1", cwd=tmp_path)
    while not (tmp_path / "out" / "folders" / "crops.npy").exists():
        assert run.poll() is None, run.communicate()[1]
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"Traceback" not in said
    assert b"the same command goes on from there" in said


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nowhere", b"faceannot: nowhere: no such file or folder"),
        ("manifest:list.csv", b"faceannot: list.csv:2: gender has to be one of"),
        ("happy-h5:cut.h5", b"faceannot: cut.h5: not a whole HDF5 file"),
        ("empty", b"faceannot: empty: of no kind that can be told"),
    ],
)
def test_data_that_cannot_be_used_say_why(tmp_path: Path, detector: Path, data: str, message: bytes) -> None:
    (tmp_path / "list.csv").write_text("path,gender\na.png,femal\n")
    fakes.save(fakes.photo(), tmp_path / "a.png")
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF\r\n\x1a\n cut")
    (tmp_path / "empty").mkdir()
    done = faceannot("prepare", "--data", data, "--out", "out", "--detector", detector, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_says_why(tmp_path: Path, detector: Path) -> None:
    source(tmp_path / "a", 1)
    (tmp_path / "out").write_text("a file")
    done = faceannot("prepare", "--data", "a", "--out", "out", "--detector", detector, cwd=tmp_path)
    assert done.returncode == 1
    assert b"out/folders: cannot be written" in done.stderr


def test_a_disk_that_is_full_says_why(tmp_path: Path, detector: Path) -> None:
    source(tmp_path / "a", 10)
    line = f"ulimit -f 64; $faceannot prepare --data a --out out --detector {detector} --threads 1"
    done = shell(line, tmp_path)
    assert done.returncode == 1
    assert b"out/folders: cannot be written: File too large" in done.stderr
    assert b"Traceback" not in done.stderr
