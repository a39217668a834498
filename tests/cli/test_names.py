"""Names of any bytes and folders that lead in circles: each photo is found once, labelled, named and copied."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from faceannot.outputs.names import unescape
from tests import fakes
from tests.cli.running import faceannot

NAMES = [
    b"new\nline.png",
    b"tab\t and \"quotes\", 'both'.png",
    b"not-utf8-\xff\xfe.png",
    b"looks-escaped-\\xff.png",
    b"x" * 251 + b".png",
    "ש".encode() * 125 + b"a.png",  # 255 bytes as well
    "שלום\u202e\u2028.png".encode(),
    b"=HYPERLINK(1).png",
    b"+1.png",
    b"-1.png",
    b"@sum.png",
    b" .png",
    b"'$(touch ran)`touch ran`;.png",
]


@pytest.fixture
def awkward(tmp_path: Path) -> Path:
    """`photos/` with a photo of each of NAMES."""
    content = fakes.save(fakes.photo((1, 1, fakes.SAD_MALE), height=96), tmp_path / "one.png").read_bytes()
    (tmp_path / "photos").mkdir()
    for name in NAMES:
        (tmp_path / "photos" / os.fsdecode(name)).write_bytes(content)
    return tmp_path


def test_photos_of_any_name_are_labelled_and_copied(awkward: Path, bundle: Path) -> None:
    options = ("--model", bundle, "--format", "jsonl", "--annotated", "out", "--crops", "crops", "-q")
    run = faceannot("label", "photos", *options, cwd=awkward)
    assert (run.returncode, run.stderr) == (0, b"")
    photos = [json.loads(line) for line in run.stdout.split(b"\n")[:-1]]
    assert {os.fsencode(unescape(photo["path"])) for photo in photos} == set(NAMES)
    assert all(len(photo["faces"]) == 1 for photo in photos)
    assert {os.fsencode(path.name) for path in (awkward / "out").iterdir()} == set(NAMES)
    assert len(list((awkward / "crops").iterdir())) == len(NAMES)
    assert not (awkward / "ran").exists()


def test_a_run_over_such_names_goes_on(awkward: Path, bundle: Path) -> None:
    names = b"\0".join(b"photos/" + name for name in NAMES)
    arguments = ("label", "-", "-0", "--model", bundle, "-q", "--out", "t.csv")
    assert faceannot(*arguments, cwd=awkward, input=names).returncode == 0
    again = faceannot(*arguments, "--resume", cwd=awkward, input=names)
    assert (again.returncode, again.stderr) == (0, b"")


def test_folders_that_lead_in_circles_are_read_once(awkward: Path, bundle: Path) -> None:
    photos = awkward / "photos"
    (photos / "deep").mkdir()
    fakes.save(fakes.photo(height=96), photos / "deep" / "a.png")
    (photos / "deep" / "up").symlink_to("../..", target_is_directory=True)
    (photos / "self").symlink_to("self")
    (photos / "here").symlink_to(".", target_is_directory=True)
    run = faceannot("label", "photos", "--model", bundle, "--format", "jsonl", "-q", cwd=awkward)
    assert run.returncode == 0
    paths = [json.loads(line)["path"] for line in run.stdout.split(b"\n")[:-1]]
    # `up` leads to the folder above, whose own photo has not been met yet; `photos` in it has.
    assert sorted(path for path in paths if "/" in path) == ["deep/a.png", "deep/up/one.png"]
    assert len(paths) == len(set(paths)) == len(NAMES) + 2
