"""The folder that keeps labelled photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceannot.errors import DatasetError
from faceannot.training.detector.labelled_photos import LABELS, PIXELS, LabelledPhoto, load_labelled, save_labels

RANDOM = np.random.default_rng(7)


def photo(name: str, height: int, faces: int) -> LabelledPhoto:
    rgb = RANDOM.integers(0, 256, (height, 9, 3), np.uint8)
    boxes = RANDOM.random((faces, 4), np.float32)
    return LabelledPhoto("street", name, rgb, boxes, RANDOM.random((faces, 5, 2), np.float32), boxes[:1] + 1)


PHOTOS = [photo("a.jpg", 6, 2), photo("b.jpg", 8, 0)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / PIXELS).write_bytes(b"".join(one.rgb.tobytes() for one in PHOTOS))
    save_labels(PHOTOS, tmp_path)
    return tmp_path


def test_photos_are_read_back_as_they_were_kept(folder: Path) -> None:
    for kept, read in zip(PHOTOS, load_labelled(folder), strict=True):
        assert (read.source, read.name) == (kept.source, kept.name)
        for name in ("rgb", "boxes", "landmarks", "ignored"):
            assert np.array_equal(getattr(read, name), getattr(kept, name))


def test_pixels_that_are_cut_off_are_an_error(folder: Path) -> None:
    pixels = folder / PIXELS
    pixels.write_bytes(pixels.read_bytes()[:-1])
    with pytest.raises(DatasetError, match=r"pixels\.bin does not hold the photos"):
        load_labelled(folder)


def test_labels_that_are_no_archive_are_an_error(folder: Path) -> None:
    (folder / LABELS).write_bytes(b"no")
    with pytest.raises(DatasetError, match=r"labels\.npz or pixels\.bin cannot be used"):
        load_labelled(folder)


def test_labels_that_do_not_fit_together_are_an_error(folder: Path) -> None:
    with np.load(folder / LABELS) as file:
        arrays = dict(file)
    np.savez(folder / LABELS, **(arrays | {"boxes": arrays["boxes"][:-1]}))
    with pytest.raises(DatasetError, match="`boxes` has to be of shape"):
        load_labelled(folder)
