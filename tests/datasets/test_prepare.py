"""Aligned crops of source pictures, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from faceannot.datasets.cropping import CROP_PX
from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.prepare import load, prepare
from faceannot.errors import BundleError, DatasetError, OutputError
from tests import fakes


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    path = tmp_path / "detector.onnx"
    onnx.save(fakes.detector(), path)
    return path


def face(path: Path, blue: int = 0) -> Path:
    """A picture that is all face, for the fake detector."""
    Image.fromarray(np.full((48, 48, 3), (255, 0, blue), np.uint8)).save(path)
    return path


def faces(folder: Path, count: int) -> list[Example]:
    return [Example("a", f"{n:03}", face(folder / f"{n:03}.png", n), "train", gender="male") for n in range(count)]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceannot.datasets.prepare._BATCH", 4)


class StoppedError(Exception):
    """What a test stops a run with."""


def stop_after(count: int) -> object:
    def seen(done: int) -> None:
        if done >= count:
            raise StoppedError

    return seen


def test_examples_come_back_as_they_went_in(tmp_path: Path, detector: Path) -> None:
    given = Example("rafdb", "a", face(tmp_path / "a.png"), "train", expression=one_hot("sad"))
    other = Example(
        *("utkface", "b", face(tmp_path / "b.png"), "test"), gender="female", age=71, ethnicity="Black", group="studio"
    )
    prepared = prepare([given, other], tmp_path / "out", detector, workers=1)
    assert prepared.examples == (given, other)
    assert prepared.crops.shape == (2, CROP_PX, CROP_PX, 3)
    assert prepared.crops[0, CROP_PX // 2, CROP_PX // 2].tolist() == [255, 0, 0]


def test_what_has_no_crop_is_listed_with_the_reason_and_left_out(tmp_path: Path, detector: Path) -> None:
    Image.fromarray(np.zeros((48, 48, 3), np.uint8)).save(tmp_path / "none.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    names = ("none.png", "broken.png", "gone.png", "face.png")
    face(tmp_path / "face.png")
    examples = [Example("utkface", name, tmp_path / name, "train") for name in names]
    prepared = prepare(examples, tmp_path / "out", detector, workers=1)
    assert [example.name for example in prepared.examples] == ["face.png"]
    assert len(prepared.crops) == 1
    assert prepared.lost == ("none.png",)
    assert [name for name, _ in prepared.unreadable] == ["broken.png", "gone.png"]
    assert prepared.unreadable[1][1] == "no such file"


@pytest.mark.parametrize("name", ["a\nb", "a\r", "a\u2028b, c", "caf\udce9", '"a"'])
def test_names_come_back_whatever_they_hold(tmp_path: Path, detector: Path, name: str) -> None:
    for text in ("none", "broken", "face"):
        (tmp_path / text).mkdir()
    Image.fromarray(np.zeros((48, 48, 3), np.uint8)).save(tmp_path / "none" / f"{name}.png")
    (tmp_path / "broken" / f"{name}.png").write_bytes(b"no picture")
    face(tmp_path / "face" / f"{name}.png")
    examples = [
        Example("a", f"{text}/{name}.png", tmp_path / text / f"{name}.png", "train", gender="male")
        for text in ("none", "broken", "face")
    ]
    prepared = prepare(examples, tmp_path / "out", detector, workers=1)
    assert prepared.lost == (examples[0].name,)
    assert [broken for broken, _ in prepared.unreadable] == [examples[1].name]
    assert prepared.examples == (examples[2],)


def test_what_is_prepared_already_is_not_made_again(tmp_path: Path, detector: Path) -> None:
    example = Example("utkface", "a", face(tmp_path / "a.png"), "train")
    first = prepare([example], tmp_path / "out", detector, workers=1)
    (tmp_path / "a.png").unlink()
    assert prepare([example], tmp_path / "out", detector, workers=1).examples == first.examples


@pytest.mark.usefixtures("small_batches")
def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path, detector: Path) -> None:
    examples = faces(tmp_path, 10)
    whole = prepare(examples, tmp_path / "whole", detector, workers=1)
    with pytest.raises(StoppedError):
        prepare(examples, tmp_path / "out", detector, workers=1, seen=stop_after(4))  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match="not prepared, or not finished"):
        load(tmp_path / "out")
    for number in range(4):
        (tmp_path / f"{number:03}.png").unlink()
    begun: list[int] = []
    resumed = prepare(examples, tmp_path / "out", detector, workers=1, seen=begun.append)
    assert begun[0] >= 4
    assert resumed.examples == whole.examples
    assert np.array_equal(resumed.crops, whole.crops)
    assert not (tmp_path / "out" / "crops.journal").exists()


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(
    "torn",
    [
        b'{"done": 8, "lost"',
        b"no journal line\n",
        b"[" * 100_000 + b"\n",
        b'{"done": 8}\n',
        b'{"done": 1, "lost": [], "unreadable": []}\n',
        b'{"done": "8", "lost": [], "unreadable": []}\n',
        b'{"done": 8, "lost": [99], "unreadable": []}\n',
        b'{"done": 8, "lost": [], "unreadable": [5]}\n',
        b'{"done": 800, "lost": [], "unreadable": []}\n',
    ],
)
def test_a_line_that_no_run_finished_does_not_count(tmp_path: Path, detector: Path, torn: bytes) -> None:
    examples = faces(tmp_path, 10)
    with pytest.raises(StoppedError):
        prepare(examples, tmp_path / "out", detector, workers=1, seen=stop_after(4))  # type: ignore[arg-type]
    with (tmp_path / "out" / "crops.journal").open("ab") as file:
        file.write(torn)
    resumed = prepare(examples, tmp_path / "out", detector, workers=1)
    assert [crop[CROP_PX // 2, CROP_PX // 2, 2] for crop in resumed.crops] == list(range(10))


@pytest.mark.usefixtures("small_batches")
def test_crops_that_are_gone_are_made_again(tmp_path: Path, detector: Path) -> None:
    examples = faces(tmp_path, 6)
    with pytest.raises(StoppedError):
        prepare(examples, tmp_path / "out", detector, workers=1, seen=stop_after(4))  # type: ignore[arg-type]
    (tmp_path / "out" / "crops.npy").unlink()
    assert len(prepare(examples, tmp_path / "out", detector, workers=1).examples) == 6


def test_crops_of_other_labels_or_another_detector_are_not_taken(tmp_path: Path, detector: Path) -> None:
    (example,) = faces(tmp_path, 1)
    prepare([example], tmp_path / "out", detector, workers=1)
    other = Example("a", "000", example.path, "train", gender="female")
    with pytest.raises(OutputError, match="other pictures or labels, or made with another detector"):
        prepare([other], tmp_path / "out", detector, workers=1)


def test_crops_of_earlier_versions_are_taken(tmp_path: Path, detector: Path) -> None:
    (example,) = faces(tmp_path, 1)
    prepare([example], tmp_path / "out", detector, workers=1)
    (tmp_path / "out" / "made_from.txt").unlink()
    (tmp_path / "out" / "unreadable.csv").unlink()
    table = tmp_path / "out" / "examples.csv"
    table.write_text("".join(f"{line.rsplit(',', 2)[0]}\n" for line in table.read_text().splitlines()))
    assert prepare([example], tmp_path / "out", detector, workers=1).examples == (example,)


def test_a_detector_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "detector.onnx").write_bytes(b"nothing")
    with pytest.raises(BundleError, match=r"detector\.onnx"):
        prepare(faces(tmp_path, 1), tmp_path / "out", tmp_path / "detector.onnx", workers=1)


def test_no_pictures_at_all_are_an_error(tmp_path: Path, detector: Path) -> None:
    with pytest.raises(DatasetError, match="no pictures to prepare"):
        prepare([], tmp_path / "out", detector, workers=1)


def test_crops_that_are_damaged_are_named(tmp_path: Path, detector: Path) -> None:
    prepare(faces(tmp_path, 1), tmp_path / "out", detector, workers=1)
    (tmp_path / "out" / "crops.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DatasetError, match=r"crops\.npy: cannot be used, remove its folder and prepare again"):
        load(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(DatasetError, match="not prepared"):
        load(tmp_path / "out")
