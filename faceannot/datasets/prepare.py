"""Turns the pictures of source data sets into aligned crops, once, for every training that follows."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceannot.alignment import Template, align
from faceannot.datasets.example import Example
from faceannot.detector import Detector, resized
from faceannot.errors import DatasetError

RgbArray = NDArray[np.uint8]

# A prepared crop shows more than the classifier's, so that turning, zooming and moving it finds real pixels.
CROP_PX = 112
MARGIN = 4 / 3
# Source pictures are close-ups: detection works best on a face of some 150 pixels with a border round it.
DETECTION_PX = 192
BORDER_PX = 32
THRESHOLD = 0.3
_detector: Detector | None = None


def widened(template: Template) -> Template:
    """`template` for a crop that shows `MARGIN` times as much."""
    return Template(template.eye_distance / MARGIN, 0.5 + (template.eye_height - 0.5) / MARGIN)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Crops (n, 112, 112, 3) uint8 RGB, memory-mapped, and the example of each."""

    crops: NDArray[np.uint8]
    examples: tuple[Example, ...]


def prepare(examples: Iterable[Example], folder: Path, detector: Path, *, workers: int | None = None) -> Prepared:
    """Crop the face of each example into `folder`, or load what an earlier call finished there.

    Examples whose face is not found are listed in `lost.txt` and left out. Raises `DatasetError` for a picture
    that cannot be read.
    """
    if not (folder / "examples.csv").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _crop_all(list(examples), folder, detector, workers or os.cpu_count() or 1)
    return load(folder)


def load(folder: Path) -> Prepared:
    """What `prepare` left in `folder`."""
    with (folder / "examples.csv").open(newline="") as file:
        examples = tuple(_from_row(row) for row in csv.DictReader(file))
    return Prepared(np.load(folder / "crops.npy", mmap_mode="r"), examples)


def _crop_all(examples: Sequence[Example], folder: Path, detector: Path, workers: int) -> None:
    crops = np.lib.format.open_memmap(
        folder / "crops.npy", mode="w+", dtype=np.uint8, shape=(len(examples), CROP_PX, CROP_PX, 3)
    )
    found: list[Example] = []
    lost: list[str] = []
    # Forking a process that has loaded a training library can hang the child.
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(detector,)) as pool:
        batches = [examples[start : start + 64] for start in range(0, len(examples), 64)]
        for batch, results in zip(batches, pool.map(_crop_batch, batches), strict=True):
            for example, crop in zip(batch, results, strict=True):
                if crop is None:
                    lost.append(example.name)
                else:
                    crops[len(found)] = crop
                    found.append(example)
    crops.flush()
    (folder / "lost.txt").write_text("".join(f"{name}\n" for name in lost))
    _write_examples(found, folder / "examples.csv")


def _start(detector: Path) -> None:
    import cv2

    global _detector
    cv2.setNumThreads(1)
    _detector = Detector(detector, threads=1)


def _crop_batch(examples: Sequence[Example]) -> list[RgbArray | None]:
    assert _detector is not None
    return [crop_example(example.path, _detector) for example in examples]


def crop_example(path: Path, detector: Detector) -> RgbArray | None:
    """The widened aligned crop of the main face of one picture, or None when there is none to be found."""
    import cv2

    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DatasetError(f"{path}: cannot be read as a picture")
    factor = DETECTION_PX / max(bgr.shape[:2])
    rgb = np.asarray(bgr[:, :, ::-1], np.uint8)
    enlarged = resized(rgb, factor)
    bordered = cv2.copyMakeBorder(enlarged, *(BORDER_PX,) * 4, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    found = detector.detect(np.asarray(bordered, dtype=np.uint8), threshold=THRESHOLD)
    if not len(found):
        return None
    landmarks = (found.landmarks[_main_face(found.boxes, found.scores, bordered.shape)] - BORDER_PX) / factor
    return align(rgb, landmarks, CROP_PX, widened(Template()))


def _main_face(boxes: NDArray[np.float32], scores: NDArray[np.float32], shape: Sequence[int]) -> int:
    """The face that the picture is of: large, sure and near the middle."""
    middle = np.array([shape[1], shape[0]], np.float32) / 2
    away = np.linalg.norm((boxes[:, :2] + boxes[:, 2:]) / 2 - middle, axis=1) / max(shape[:2])
    return int(np.argmax(scores * (boxes[:, 2] - boxes[:, 0]) * np.maximum(0.05, 1 - 2 * away)))


_COLUMNS = ("source", "name", "path", "split", "gender", "expression", "age", "ethnicity", "subject")


def _write_examples(examples: Iterable[Example], path: Path) -> None:
    partial_path = path.with_suffix(".partial")
    with partial_path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for example in examples:
            values = {name: getattr(example, name) for name in _COLUMNS}
            values["expression"] = json.dumps(example.expression) if example.expression else None
            writer.writerow(values.values())
    partial_path.replace(path)


def _from_row(row: dict[str, str]) -> Example:
    return Example(
        source=row["source"],
        name=row["name"],
        path=Path(row["path"]),
        split=row["split"],  # type: ignore[arg-type]
        gender=row["gender"] or None,  # type: ignore[arg-type]
        expression=tuple(json.loads(row["expression"])) if row["expression"] else None,
        age=int(row["age"]) if row["age"] else None,
        ethnicity=row["ethnicity"] or None,
        subject=row["subject"] or None,
    )
