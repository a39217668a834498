"""The detector's source photos, and the faces that people annotated in them: WebFaces' points, the street's boxes."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceannot.errors import DatasetError

FloatArray = NDArray[np.float32]
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png"}
TEST_BELOW = 26


@dataclass(frozen=True, slots=True)
class AnnotatedPhoto:
    """A photo and its annotated faces in pixels of the photo: boxes (n, 4) left, top, right, bottom.

    `close`: cut so close round one face that a detector needs a border to see it. `seen`: it shows no faces but those
    in the table of seen finds, and no teacher is asked, which takes animals for people.
    """

    source: str
    path: Path
    boxes: FloatArray
    close: bool = False
    seen: bool = False

    @property
    def is_test(self) -> bool:
        """The SHA-256 of the file name, first byte below 26."""
        return hashlib.sha256(self.path.name.encode()).digest()[0] < TEST_BELOW


def webfaces(folder: Path) -> Iterator[AnnotatedPhoto]:
    """Caltech Web Faces; the box is made from the eyes, nose and mouth that are annotated."""
    faces: dict[str, list[FloatArray]] = defaultdict(list)
    table = folder / "WebFaces_GroundThruth.txt"
    for number, line in enumerate(table.read_text().splitlines(), start=1):
        fields = line.split()
        if len(fields) != 9:
            raise DatasetError(f"{table}:{number}: expected a name and eight numbers, found {len(fields)} fields")
        faces[fields[0]].append(_box_of_points(np.array(fields[1:], np.float32).reshape(4, 2)))
    for path in _photos(folder / "Caltech_WebFaces"):
        yield AnnotatedPhoto("webfaces", path, _stacked(faces[path.name]))


def _box_of_points(points: FloatArray) -> FloatArray:
    """A box like a detector's: 2.3 eye-to-mouth distances high, 0.8 times as wide."""
    eyes = (points[0] + points[1]) / 2
    span = max(float(np.linalg.norm(points[3] - eyes)), float(np.linalg.norm(points[1] - points[0])) * 0.9)
    centre = eyes + (points[3] - eyes) * 0.45
    half = np.array([0.92, 1.15], np.float32) * span
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


def street(folder: Path) -> Iterator[AnnotatedPhoto]:
    """The street photos, with VOC boxes of faces with and without masks."""
    for path in _photos(folder / "JPEGImages"):
        table = folder / "annotations" / f"{path.stem}.xml"
        boxes = []
        if table.is_file():
            for box in ElementTree.parse(table).iter("bndbox"):
                edges = [box.findtext(edge) for edge in ("xmin", "ymin", "xmax", "ymax")]
                if None in edges:
                    raise DatasetError(f"{table}: a bndbox lacks an edge")
                boxes.append(np.array(edges, np.float32))
        yield AnnotatedPhoto("street", path, _stacked(boxes))


def appa_real(folder: Path) -> Iterator[AnnotatedPhoto]:
    """APPA-REAL, which has no boxes."""
    for path in _photos(folder):
        yield AnnotatedPhoto("appa-real", path, _stacked([]))


def scenes(folder: Path, without: frozenset[str]) -> Iterator[AnnotatedPhoto]:
    """Photos mostly without faces; names in `without` are kept for judging."""
    for path in _photos(folder):
        if path.name not in without:
            yield AnnotatedPhoto("scenes", path, _stacked([]))


def animals(folder: Path) -> Iterator[AnnotatedPhoto]:
    """Photos of cats and dogs, now and then with their people."""
    for path in _photos(folder):
        yield AnnotatedPhoto("animals", path, _stacked([]), seen=True)


def negatives(folder: Path) -> Iterator[AnnotatedPhoto]:
    """Grey photos and drawings of all but faces, which were collected to train cascades of classifiers."""
    for path in _photos(folder):
        yield AnnotatedPhoto("negatives", path, _stacked([]), seen=True)


def _photos(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    if not paths:
        raise DatasetError(f"{folder}: no photos")
    return paths


def _stacked(boxes: list[FloatArray]) -> FloatArray:
    return np.stack(boxes) if boxes else np.zeros((0, 4), np.float32)
