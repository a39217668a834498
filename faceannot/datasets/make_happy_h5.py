"""Writes a training file of the shape of the published 600-image happy set, from another source."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, tee
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.happy_h5 import require_h5py
from faceannot.detector import resized
from faceannot.errors import DatasetError, OutputError, PhotoError
from faceannot.inputs import Photo
from faceannot.records import Emotion, Gender, PhotoResult

if TYPE_CHECKING:
    from faceannot.annotator import Annotator

RgbArray = NDArray[np.uint8]

SIDE_PX = 64


def make_happy_h5(
    examples: Iterable[Example], out: Path, *, size: int, only: Gender | None, annotator: Annotator, overwrite: bool
) -> None:
    """Write `train_set_x` (size, 64, 64, 3) uint8 RGB, `train_set_y` (1 = happy, 0 = sad) and `list_classes`.

    Half of the pictures are happy and half sad, from the training part of `examples`, as the SHA-256 of their names
    orders them. `only`: those whose largest face has that gender for `annotator`.
    Raises `OutputError` where `out` exists already or cannot be written, and `DatasetError` where there are too few
    such pictures, or h5py is missing.
    """
    # Now, and not after minutes of looking at pictures.
    require_h5py(out, "writing")
    _check_out(out, overwrite)
    training = sorted((example for example in examples if example.split == "train"), key=_order)
    halves: dict[Emotion, int] = {"happy": size // 2, "sad": size - size // 2}
    rows = []
    for label, (emotion, count) in zip((1, 0), halves.items(), strict=True):
        candidates = [example for example in training if example.expression == one_hot(emotion)]
        chosen = list(islice(_pictures(candidates, only, annotator), count))
        if len(chosen) < count:
            whose = f" whose face is {only}" if only else ""
            raise DatasetError(
                f"only {len(chosen)} {emotion} pictures{whose}: take a size of {2 * len(chosen)} or less"
            )
        rows += [(_order(example), label, _small(rgb)) for example, rgb in chosen]
    rows.sort(key=lambda row: row[0])
    _write(out, np.stack([rgb for _, _, rgb in rows]), np.array([label for _, label, _ in rows], np.int64))


def _order(example: Example) -> bytes:
    return hashlib.sha256(example.name.encode("utf-8", "surrogateescape")).digest()


def _check_out(out: Path, overwrite: bool) -> None:
    if out.is_dir():
        raise OutputError(f"{out} is a folder: name the file, such as {out / 'train_happy.h5'}")
    if os.path.lexists(out) and not overwrite:
        raise OutputError(f"{out} exists already: --overwrite replaces it")


def _pictures(
    examples: Sequence[Example], only: Gender | None, annotator: Annotator
) -> Iterator[tuple[Example, RgbArray]]:
    """The examples that can be read and show somebody of gender `only`, with their pixels."""
    # The annotator takes it for a mistake when there is nothing at all to look at.
    if only is None or not examples:
        yield from _readable(examples)
    else:
        yield from _of_gender(_readable(examples), only, annotator)


def _of_gender(
    pairs: Iterator[tuple[Example, RgbArray]], only: Gender, annotator: Annotator
) -> Iterator[tuple[Example, RgbArray]]:
    mine, theirs = tee(pairs)
    results = annotator.annotate(Photo(example.name, rgb) for example, rgb in theirs)
    for pair, result in zip(mine, results, strict=True):
        if _gender(result) == only:
            yield pair


def _readable(examples: Iterable[Example]) -> Iterator[tuple[Example, RgbArray]]:
    for example in examples:
        try:
            yield example, example.picture()
        except PhotoError:
            continue


def _gender(result: PhotoResult) -> Gender | None:
    """That of the largest face."""
    largest = max(result.faces, key=lambda face: face.box.width * face.box.height, default=None)
    return largest.scores.gender if largest else None


def _small(rgb: RgbArray) -> RgbArray:
    """The square in the middle, 64 pixels a side."""
    side = min(rgb.shape[:2])
    top, left = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
    return resized(rgb[top : top + side, left : left + side], SIDE_PX / side)


def _write(out: Path, pictures: RgbArray, labels: NDArray[np.int64]) -> None:
    """Write `out`, whole or not at all."""
    import h5py

    temporary = out.with_name(f".faceannot-{uuid4().hex}")
    try:
        with h5py.File(temporary, "x") as file:
            file["train_set_x"], file["train_set_y"] = pictures, labels
            file["list_classes"] = np.array([0, 1])
        temporary.replace(out)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
