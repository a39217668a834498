"""Labelled photos as `label_photos` leaves them, with just the labels that a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests import fakes

Edges = tuple[float, float, float, float]
# Where `fakes.photo` shows a face that is the third of its row, in the fourth row.
FACE, FACE_BOX = (2, 3, fakes.HAPPY_MALE), (64.0, 96.0, 96.0, 128.0)
# What the fake detector takes for a face, too, and nobody labels.
IMPOSTOR = (12, 8, fakes.HAPPY_FEMALE)


def write(folder: Path, source: str, rgb: fakes.RgbArray, boxes: Sequence[Edges], count: int) -> None:
    """`count` photos of `source` that all show `rgb` with faces at `boxes`."""
    folder.mkdir(parents=True)
    (folder / "pixels.bin").write_bytes(rgb.tobytes() * count)
    edges = np.array(boxes, np.float32).reshape(-1, 4)
    np.savez(
        folder / "labels.npz",
        sources=np.array([source] * count),
        names=np.array([f"{number}.jpg" for number in range(count)]),
        sizes=np.array([rgb.shape[:2]] * count),
        counts=np.array([(len(edges), 0)] * count),
        boxes=np.tile(edges, (count, 1)),
        landmarks=np.full((len(edges) * count, 5, 2), np.nan, np.float32),
        ignored=np.zeros((0, 4), np.float32),
    )
