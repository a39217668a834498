"""What one sees in finds of the bundled detector that labels and scores disagreed about: the table `seen_finds.csv`.

Some were faces that nobody had labelled, which a detector would learn as background; some of those that the teacher
had doubted are no faces.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from faceannot.datasets.files import read_rows
from faceannot.training.detector.labelled_photos import FloatArray, LabelledPhoto
from faceannot.training.detector.matching import same_as_any

TABLE = Path(__file__).parent / "seen_finds.csv"
_SIZE, _BOX = ("width", "height"), ("left", "top", "right", "bottom")
# What a row's `shows` may be. What is unclear is ignored: neither right nor wrong.
_FACE, _NOTHING, _UNCLEAR = "face", "nothing", "unclear"


def corrected(photo: LabelledPhoto) -> LabelledPhoto:
    """`photo` with the labels that were seen: faces without landmarks, nothing where nothing is, and what is unclear.

    A photo of another size is another photo, and stays as it is.
    """
    seen = _table().get((photo.source, photo.name, photo.rgb.shape[1], photo.rgb.shape[0]))
    if seen is None:
        return photo
    kept = ~same_as_any(photo.boxes, seen[_NOTHING])
    new = seen[_FACE][~same_as_any(seen[_FACE], photo.boxes[kept])]
    doubtful = ~same_as_any(photo.ignored, np.concatenate([seen[_FACE], seen[_NOTHING]]))
    return replace(
        photo,
        boxes=np.concatenate([photo.boxes[kept], new]),
        landmarks=np.concatenate([photo.landmarks[kept], np.full((len(new), 5, 2), np.nan, np.float32)]),
        ignored=np.concatenate([photo.ignored[doubtful], seen[_UNCLEAR]]),
    )


def seen_faces(source: str, name: str, width: int) -> FloatArray:
    """Boxes (n, 4) of what was seen as a face, or may be one, in the photo `name` of `source` that is `width` wide."""
    found = [np.zeros((0, 4), np.float32)]
    for (listed_source, listed_name, kept_width, _), shows in _table().items():
        if (listed_source, listed_name) == (source, name):
            found.append(np.concatenate([shows[_FACE], shows[_UNCLEAR]]) * np.float32(width / kept_width))
    return np.concatenate(found)


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
