"""Boxes and landmarks to learn from: people's annotations, completed by a teacher that looks at several scales."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from faceannot.detector import Detections, Detector, overlap, resized
from faceannot.training.detector.annotated_photos import AnnotatedPhoto
from faceannot.training.detector.labelled_photos import KEPT_PX, PIXELS, LabelledPhoto, save_labels
from faceannot.training.detector.matching import SAME_FACE_IOU, same_as_any
from faceannot.training.detector.seen_finds import corrected

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]

TEACHER_SIDES_PX = (256, 448, 704, 1120)
SURE, POSSIBLE, WITH_ANNOTATION = 0.7, 0.3, 0.2
# A picture that is known to show a face needs less to be believed, and a border of this share of its longer side.
CLOSE_SIDES_PX = (224, 352)
CLOSE_SURE, CLOSE_BORDER = 0.5, 1 / 6
_teacher: Detector | None = None


def label_photos(photos: Iterable[AnnotatedPhoto], teacher: Path, out: Path, *, workers: int) -> None:
    """Label the training photos into `out`: `pixels.bin` and `labels.npz`, read again by `load_labelled`."""
    chosen = [photo for photo in photos if not photo.is_test]
    out.mkdir(parents=True, exist_ok=True)
    labelled: list[LabelledPhoto] = []
    with (
        (out / PIXELS).open("wb") as pixels,
        # Forking a process that has loaded a training library can hang the child.
        ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(teacher,)) as pool,
    ):
        for photo in pool.map(_label, chosen, chunksize=16):
            if photo is not None:
                pixels.write(photo.rgb.tobytes())
                labelled.append(photo)
    save_labels(labelled, out)


def _start(teacher: Path) -> None:
    global _teacher
    cv2.setNumThreads(1)
    _teacher = Detector(teacher, threads=1)


def _label(photo: AnnotatedPhoto) -> LabelledPhoto | None:
    assert _teacher is not None
    bgr = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
    if bgr is None:
        return None
    factor = min(1.0, KEPT_PX / max(bgr.shape[:2]))
    full = np.asarray(bgr[:, :, ::-1], np.uint8)
    rgb = resized(full, factor)
    if photo.close:
        boxes, landmarks, ignored = merge(look_close(_teacher, full).scaled(factor), photo.boxes, sure=CLOSE_SURE)
        # Without a face to learn, this one would be learned as background.
        if not len(boxes):
            return None
    else:
        found = Detections.concatenate([]) if photo.seen else look(_teacher, full).scaled(factor)
        boxes, landmarks, ignored = merge(found, photo.boxes * np.float32(factor))
    return corrected(LabelledPhoto(photo.source, photo.path.name, rgb, boxes, landmarks, ignored))


def look(teacher: Detector, rgb: RgbArray) -> Detections:
    """All that the teacher sees at several sizes, mirrored too; overlapping finds are averaged by their scores.

    A face that is found only once, at one size, keeps a reduced score: most such finds are not faces.
    """
    # A picture that is smaller than half of the least side is looked at all the same: its face would be background.
    largest_px = max(2 * max(rgb.shape[:2]), TEACHER_SIDES_PX[0])
    return _fused_looks(teacher, rgb, [side_px for side_px in TEACHER_SIDES_PX if side_px <= largest_px])


def look_close(teacher: Detector, rgb: RgbArray) -> Detections:
    """All that the teacher sees in a picture that is cut close round a face, with a black border added."""
    border = round(CLOSE_BORDER * max(rgb.shape[:2]))
    bordered = np.pad(rgb, ((border, border), (border, border), (0, 0)))
    found = _fused_looks(teacher, bordered, CLOSE_SIDES_PX)
    return Detections(found.boxes - border, found.landmarks - border, found.scores)


def _fused_looks(teacher: Detector, rgb: RgbArray, sides_px: Iterable[int]) -> Detections:
    looks = []
    for side_px in sides_px:
        factor = side_px / max(rgb.shape[:2])
        small = resized(rgb, factor)
        looks.append(teacher.detect(small, threshold=WITH_ANNOTATION).scaled(1 / factor))
        mirrored = teacher.detect(np.ascontiguousarray(small[:, ::-1]), threshold=WITH_ANNOTATION)
        looks.append(unmirrored(mirrored, small.shape[1]).scaled(1 / factor))
    return fuse(looks)


def unmirrored(found: Detections, width: int) -> Detections:
    """Faces of a mirrored picture of `width` pixels, as they lie in the picture itself."""
    last = np.float32(width - 1)
    boxes, landmarks = found.boxes[:, [2, 1, 0, 3]], found.landmarks[:, [1, 0, 2, 4, 3]]
    boxes[:, [0, 2]] = last - boxes[:, [0, 2]]
    landmarks[..., 0] = last - landmarks[..., 0]
    return Detections(boxes, landmarks, found.scores)


def fuse(looks: Sequence[Detections]) -> Detections:
    """Average overlapping faces of several looks; the score is the mean of the two best."""
    rest = Detections.concatenate(looks)
    boxes, landmarks, scores = [], [], []
    while len(rest):
        same = overlap(rest.boxes[0], rest.boxes) > SAME_FACE_IOU
        group = rest[same]
        good = group[group.scores >= 0.7 * group.scores[0]]
        weights = good.scores / good.scores.sum()
        boxes.append(np.tensordot(weights, good.boxes, 1))
        landmarks.append(np.tensordot(weights, good.landmarks, 1))
        scores.append((group.scores[0] + (group.scores[1] if len(group) > 1 else 0.0)) / 2)
        rest = rest[~same]
    if not boxes:
        return Detections.concatenate([])
    return Detections(np.stack(boxes), np.stack(landmarks), np.array(scores, np.float32))


def merge(found: Detections, annotated: FloatArray, *, sure: float = SURE) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Boxes, landmarks and ignored boxes from the teacher's finds and people's annotations.

    A find counts when it is sure, or fairly sure where people annotated a face; an annotated face that the teacher
    misses counts without landmarks. Other possible finds are ignored.
    """
    counts = (found.scores >= sure) | same_as_any(found.boxes, annotated)
    missed = ~same_as_any(annotated, found.boxes[counts])
    boxes = np.concatenate([found.boxes[counts], annotated[missed]])
    unknown = np.full((int(missed.sum()), 5, 2), np.nan, np.float32)
    landmarks = np.concatenate([found.landmarks[counts], unknown])
    ignored = found.boxes[~counts & (found.scores >= POSSIBLE)]
    return boxes.astype(np.float32), landmarks.astype(np.float32), ignored.astype(np.float32)
