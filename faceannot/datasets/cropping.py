"""Finds the face in a source picture and crops it, in worker processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from faceannot.alignment import Template, align
from faceannot.datasets.example import Example
from faceannot.detector import Detector, resized
from faceannot.errors import PhotoError

RgbArray = NDArray[np.uint8]
# A crop, or why the picture cannot be read; None where there is no face.
Outcome: TypeAlias = RgbArray | str | None

# A prepared crop shows more than the classifier's, so that turning, zooming and moving it finds real pixels.
CROP_PX = 112
MARGIN = 4 / 3
# Source pictures are close-ups: detection works best on a face of some 150 pixels with a border round it.
DETECTION_PX = 192
BORDER_PX = 32
THRESHOLD = 0.3
# All that decides a crop, apart from the detector.
SETTINGS = (CROP_PX, MARGIN, DETECTION_PX, BORDER_PX, THRESHOLD)
_detector: Detector | None = None


def widened(template: Template) -> Template:
    """`template` for a crop that shows `MARGIN` times as much."""
    return Template(template.eye_distance / MARGIN, 0.5 + (template.eye_height - 0.5) / MARGIN)


def start(detector: Path) -> None:
    import cv2

    global _detector
    Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    _detector = Detector(detector, threads=1)


def _end_with_parent() -> None:
    """A parent that is killed cannot end its workers, and they would wait for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def crop_batch(examples: Sequence[Example]) -> list[Outcome]:
    assert _detector is not None
    return [_crop_example(example, _detector) for example in examples]


def _crop_example(example: Example, detector: Detector) -> Outcome:
    try:
        return crop_face(example.picture(), detector)
    except PhotoError as error:
        return str(error)
    # Whatever one picture brings about must not cost the others.
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())


def crop_face(rgb: RgbArray, detector: Detector) -> RgbArray | None:
    """The widened aligned crop of the main face of one picture, or None when there is none to be found."""
    import cv2

    factor = DETECTION_PX / max(rgb.shape[:2])
    bordered = cv2.copyMakeBorder(resized(rgb, factor), *(BORDER_PX,) * 4, cv2.BORDER_CONSTANT, value=(0, 0, 0))
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
