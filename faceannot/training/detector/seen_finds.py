"""What one sees in finds of the bundled detector about which labels and networks disagreed: the table `seen_finds.csv`.

Some were faces that nobody had labelled, which a detector would learn as background; some of those that the teacher
had doubted are no faces.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceannot.datasets.files import read_rows
from faceannot.detector import overlap
from faceannot.training.detector.labelled_photos import FloatArray, LabelledPhoto

TABLE = Path(__file__).parent / "seen_finds.csv"
_SIZE, _BOX = ("width", "height"), ("left", "top", "right", "bottom")
_SAME_IOU = 0.35
# What a row's `shows` may be. What is unclear is ignored: neither right nor wrong.
_FACE, _NOTHING, _UNCLEAR = "face", "nothing", "unclear"


def corrected(photo: LabelledPhoto) -> LabelledPhoto:
    """`photo` with the labels that were seen: faces without landmarks, nothing where nothing is, and what is unclear.

    A photo of another size is another photo, and stays as it is.
    """
    seen = _table().get((photo.source, photo.name, photo.rgb.shape[1], photo.rgb.shape[0]))
    if seen is None:
        return photo
    told = np.concatenate([seen[_FACE], seen[_NOTHING]])
    clear, known = ~_covered(photo.ignored, told), ~_covered(photo.boxes, seen[_NOTHING])
    new = seen[_FACE][~_covered(seen[_FACE], photo.boxes)]
    return replace(
        photo,
        boxes=np.concatenate([photo.boxes[known], new]),
        landmarks=np.concatenate([photo.landmarks[known], np.full((len(new), 5, 2), np.nan, np.float32)]),
        ignored=np.concatenate([photo.ignored[clear], seen[_UNCLEAR]]),
    )


def _covered(boxes: FloatArray, others: FloatArray) -> NDArray[np.bool_]:
    """Which of `boxes` show what one of `others` shows."""
    return np.array([overlap(box, others).max(initial=0.0) > _SAME_IOU for box in boxes], dtype=bool)


@cache
def _table() -> dict[tuple[str, str, int, int], dict[str, FloatArray]]:
    """Boxes (n, 4) of what each photo shows, by its source, its name, its width and its height."""
    listed: dict[tuple[str, str, int, int], dict[str, list[list[float]]]] = defaultdict(
        lambda: {_FACE: [], _NOTHING: [], _UNCLEAR: []}
    )
    for _, row in read_rows(TABLE, ("source", "photo", *_SIZE, *_BOX, "shows")):
        width, height = (int(row[name]) for name in _SIZE)
        listed[row["source"], row["photo"], width, height][row["shows"]].append([float(row[name]) for name in _BOX])
    return {
        photo: {shown: np.array(boxes, np.float32).reshape(-1, 4) for shown, boxes in kinds.items()}
        for photo, kinds in listed.items()
    }
