"""What a trained detector takes for faces in labelled photos, and whether each is one: what a verifier learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faceannot.detector import Detections, Detector, resized
from faceannot.errors import DatasetError
from faceannot.training.detector.labelled_photos import LabelledPhoto, labelled_folders, load_labelled
from faceannot.training.detector.matching import largest_overlaps
from faceannot.training.detector.mosaics import Canvas, turned
from faceannot.verifier import surroundings

FloatArray = NDArray[np.float32]

# A find that overlaps a labelled face by this much is one; less than the second, of faces and of what is doubtful, is
# none. What lies between is left out.
FACE_IOU, NO_FACE_IOU, DOUBTFUL_IOU = 0.4, 0.15, 0.1
# Photos are looked at in sizes from this share of their own up: far more faces are small than large.
SMALLEST_SHARE, LARGEST_SHARE = 0.35, 1.1
MOST_A_LOOK = 200
HELD_OUT_EACH = 10
PHOTOS_A_TASK = 64
_CROPS, _TABLE = "crops.bin", "candidates.npz"
_COLUMNS: dict[str, type] = {"is_face": np.bool_, "scores": np.float32, "held_out": np.bool_}
_detector: Detector | None = None
_photos: dict[Path, list[LabelledPhoto]] = {}


@dataclass(frozen=True, slots=True)
class Cut:
    """Which finds are taken, by the detector's score, and how they are cut out; see `surroundings`."""

    lowest: float
    side_px: int
    context: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Finds (n): `crops` (n, side, side, 3) RGB uint8; `is_face`; the detector's `scores`; whether they are `held_out`.

    Those of every tenth photo are held out.
    """

    crops: NDArray[np.uint8]
    is_face: NDArray[np.bool_]
    scores: FloatArray
    held_out: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, slots=True)
class _Task:
    folder: Path
    photos: range
    looks: int
    cut: Cut


def gather_candidates(
    labelled: Path, looks: Mapping[str, int], cut: Cut, detector: Path, out: Path, *, workers: int
) -> Candidates:
    """The finds of `detector` in the labelled photos, kept in `out` and taken from there the next time.

    `looks`: how often the photos of each source below `labelled` are looked at, each time at another size. Raises
    `DatasetError` where nothing is found, or no face, or nothing else.
    """
    if not (out / _TABLE).is_file():
        out.mkdir(parents=True, exist_ok=True)
        columns = _gathered(list(_tasks(labelled, looks, cut)), detector, out / _CROPS, workers)
        if len(set(columns["is_face"].tolist())) < 2:
            raise DatasetError(
                f"{labelled}: a verifier needs photos in which the detector finds faces, and other things"
            )
        # Last, so that what is there is complete.
        np.savez(out / _TABLE, **columns)
    with np.load(out / _TABLE, allow_pickle=False) as table:
        columns = {name: table[name] for name in _COLUMNS}
    shape = (len(columns["scores"]), cut.side_px, cut.side_px, 3)
    return Candidates(np.memmap(out / _CROPS, np.uint8, mode="r", shape=shape), **columns)


def _gathered(tasks: Sequence[_Task], detector: Path, crops: Path, workers: int) -> dict[str, Any]:
    """The columns of what `detector` finds; its crops go to the file `crops`: memory might not hold them."""
    parts: dict[str, list[NDArray[Any]]] = {name: [np.zeros(0, kind)] for name, kind in _COLUMNS.items()}
    with (
        crops.open("wb") as file,
        # Forking a process that has loaded a training library can hang the child.
        ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(detector,)) as pool,
    ):
        for found in pool.map(_finds, tasks):
            file.write(found.crops.tobytes())
            for name, column in parts.items():
                column.append(getattr(found, name))
    return {name: np.concatenate(column) for name, column in parts.items()}


def _tasks(labelled: Path, looks: Mapping[str, int], cut: Cut) -> list[_Task]:
    tasks = []
    for folder in labelled_folders(labelled):
        photos = load_labelled(folder)
        times = looks.get(photos[0].source, 0) if photos else 0
        starts = range(0, len(photos) if times else 0, PHOTOS_A_TASK)
        tasks += [_Task(folder, range(start, min(start + PHOTOS_A_TASK, len(photos))), times, cut) for start in starts]
    return tasks


def _start(detector: Path) -> None:
    global _detector
    cv2.setNumThreads(1)
    _detector = Detector(detector, threads=1)


def _finds(task: _Task) -> Candidates:
    assert _detector is not None
    if task.folder not in _photos:
        _photos[task.folder] = load_labelled(task.folder)
    parts = [
        candidates(_detector, _photos[task.folder][index], task.cut, (index, look))
        for index in task.photos
        for look in range(task.looks)
    ]
    return Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("crops", *_COLUMNS)))


def candidates(detector: Detector, photo: LabelledPhoto, cut: Cut, number: tuple[int, int]) -> Candidates:
    """What `detector` takes for faces in `photo` at a random size; `number`: the photo's in its source, the look's.

    Every second look is at the photo turned and in other light, which the detector mistakes for faces elsewhere.
    """
    random = np.random.default_rng([cut.seed, *number])
    factor = float(np.exp(random.uniform(np.log(SMALLEST_SHARE), np.log(LARGEST_SHARE))))
    shown = turned(photo, factor, random) if number[1] % 2 else _smaller(photo, min(factor, 1.0))
    found = detector.find(shown.rgb, threshold=cut.lowest)[:MOST_A_LOOK]
    is_face, is_clear = judged(found, shown.boxes, shown.ignored)
    found = found[is_clear]
    return Candidates(
        surroundings(shown.rgb, found.boxes, cut.side_px, cut.context),
        is_face[is_clear],
        found.scores,
        np.full(len(found), number[0] % HELD_OUT_EACH == 0),
    )


def _smaller(photo: LabelledPhoto, factor: float) -> Canvas:
    """`photo` as it is, at `factor` times its size."""
    rgb = np.ascontiguousarray(resized(np.asarray(photo.rgb), factor))
    by = np.float32(factor)
    return Canvas(rgb, photo.boxes * by, photo.landmarks * by, photo.ignored * by)


def judged(found: Detections, faces: FloatArray, doubtful: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which finds are faces, and of which that is clear, by labelled boxes of `faces` and of what may be one."""
    with_face, with_doubtful = largest_overlaps(found.boxes, faces), largest_overlaps(found.boxes, doubtful)
    is_face = with_face >= FACE_IOU
    return is_face, is_face | ((with_face < NO_FACE_IOU) & (with_doubtful < DOUBTFUL_IOU))
