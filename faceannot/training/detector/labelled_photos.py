"""Photos with boxes and landmarks to learn from, and the folder that keeps them: `pixels.bin` and `labels.npz`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceannot.errors import DatasetError

FloatArray = NDArray[np.float32]
RgbArray = NDArray[np.uint8]

# Photos are kept at this size at most: a face of 12 pixels in a large photo is still one of 12 here.
KEPT_PX = 800
PIXELS, LABELS = "pixels.bin", "labels.npz"
_ARRAYS = ("sources", "names", "sizes", "counts", "boxes", "landmarks", "ignored")


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo and what to learn from it; coordinates in pixels of `rgb`.

    `boxes` (n, 4); `landmarks` (n, 5, 2), NaN where nobody knows them; `ignored` (m, 4): perhaps a face, so neither
    right nor wrong.
    """

    source: str
    name: str
    rgb: RgbArray
    boxes: FloatArray
    landmarks: FloatArray
    ignored: FloatArray


def save_labels(labelled: Sequence[LabelledPhoto], out: Path) -> None:
    """Keep all of `labelled` in `out` but their pixels, which lie there one after the other."""
    np.savez(
        out / LABELS,
        sources=np.array([photo.source for photo in labelled]),
        names=np.array([photo.name for photo in labelled]),
        sizes=np.array([photo.rgb.shape[:2] for photo in labelled]),
        counts=np.array([(len(photo.boxes), len(photo.ignored)) for photo in labelled]),
        boxes=np.concatenate([photo.boxes for photo in labelled]),
        landmarks=np.concatenate([photo.landmarks for photo in labelled]),
        ignored=np.concatenate([photo.ignored for photo in labelled]),
    )


def labelled_folders(folder: Path) -> list[Path]:
    """The folders right in `folder` that keep labelled photos, by name."""
    return sorted(path.parent for path in folder.glob(f"*/{LABELS}"))


def load_labelled(out: Path) -> list[LabelledPhoto]:
    """What `label_photos` left in `out`; pixels stay on disk until they are read.

    Raises `DatasetError` where that is damaged.
    """
    try:
        with np.load(out / LABELS, allow_pickle=False) as file:
            labels = {name: file[name] for name in _ARRAYS}
        pixels = np.memmap(out / PIXELS, np.uint8, mode="r")
    # Where in a file the damage is decides what zipfile and NumPy raise.
    except Exception as error:
        raise DatasetError(f"{out}: {LABELS} or {PIXELS} cannot be used, label again ({error})") from error
    sizes, counts = labels["sizes"], labels["counts"]
    _check(out, labels, len(pixels))
    starts = np.concatenate([[0], np.cumsum(sizes.prod(axis=1) * 3)])
    ends = np.concatenate([[[0, 0]], np.cumsum(counts, axis=0)])
    sources, names = labels["sources"], labels["names"]
    boxes, landmarks, ignored = labels["boxes"], labels["landmarks"], labels["ignored"]
    return [
        LabelledPhoto(
            source=str(sources[i]),
            name=str(names[i]),
            rgb=pixels[starts[i] : starts[i + 1]].reshape(*sizes[i], 3),
            boxes=boxes[ends[i, 0] : ends[i + 1, 0]],
            landmarks=landmarks[ends[i, 0] : ends[i + 1, 0]],
            ignored=ignored[ends[i, 1] : ends[i + 1, 1]],
        )
        for i in range(len(sizes))
    ]


def _check(out: Path, labels: dict[str, NDArray[Any]], pixels: int) -> None:
    """Raise `DatasetError` unless the arrays are as many as they say of one another."""
    sizes, counts, photos = labels["sizes"], labels["counts"], len(np.atleast_1d(labels["sources"]))
    boxes, ignored = counts.sum(axis=0).tolist() if counts.ndim == 2 and counts.shape[1] == 2 else (0, 0)
    shapes = {
        "sources": (photos,),
        "names": (photos,),
        "sizes": (photos, 2),
        "counts": (photos, 2),
        "boxes": (boxes, 4),
        "landmarks": (boxes, 5, 2),
        "ignored": (ignored, 4),
    }
    for name, shape in shapes.items():
        kind = "U" if name in ("sources", "names") else "i" if name in ("sizes", "counts") else "f"
        if labels[name].shape != shape or labels[name].dtype.kind != kind:
            raise DatasetError(f"{out}/{LABELS}: `{name}` has to be of shape {shape}; label again")
    if (sizes < 1).any() or (sizes > KEPT_PX).any() or (counts < 0).any() or sizes.prod(axis=1).sum() * 3 > pixels:
        raise DatasetError(f"{out}: {PIXELS} does not hold the photos of {LABELS}; label again")
