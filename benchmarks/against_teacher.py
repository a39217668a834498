"""The bundle's face detection against the network that helped to teach it, on photos that neither learned from.

    python benchmarks/against_teacher.py DATA --teacher FILE [--record]

DATA holds `webfaces`, `street`, `scenes`, `animals` and `negatives` as `training/detector/annotated_photos.py` reads
them. Their test parts are used, and mosaics of the first two, three by three, in three sizes. In the others boxes count
that are on nobody's face. Both networks get the same looks (`Detector.find`).
The teacher has its usual threshold of 0.8; ours the one with which it has no more false boxes a photo than the teacher
on `--photos`, which has `faces.json`, and then the bundle's own. A face is found by a box with an intersection over
union of at least 0.4 (0.25 where boxes are made from the four annotated points of WebFaces). Heights are those of
annotated boxes, in pixels of the photo.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from common import PHOTOS, parser, record, share
from detect import Edges, edges, take
from numpy.typing import NDArray

from faceannot.annotator import READ_SIDE_PX, box_inside
from faceannot.bundle import load_bundle
from faceannot.defaults import SMALLEST_FACE_PX, usable_cpus
from faceannot.detector import Detections, Detector, overlap, resized
from faceannot.finder import FaceFinder, face_finder
from faceannot.images import Picture, read
from faceannot.training.detector.annotated_photos import AnnotatedPhoto, animals, negatives, scenes, street, webfaces
from faceannot.training.detector.seen_finds import seen_faces

FloatArray = NDArray[np.float32]
Truth = dict[str, list[Edges]]
Item = TypeVar("Item")
Result = TypeVar("Result")
TEACHER_THRESHOLD = 0.8
# Ours keeps all from here on, and is judged at several thresholds.
LOWEST = 0.2
IOU = {"webfaces": 0.25, "street": 0.4, "mosaics": 0.25}
BANDS = ((0, 12), (12, 16), (16, 24), (24, 48), (48, 96), (96, 10_000))
PERSON_IOU = 0.25
MOSAICS, TILES, MOSAIC_SIDES = 60, 3, (640, 1280, 2560)
LATENCY_SIZE, LATENCY_RUNS = (480, 640), 50
SEED = 7


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture, where its annotated faces are, and their eyes (n, 2, 2) where those are known."""

    kind: str
    rgb: NDArray[np.uint8]
    boxes: FloatArray
    eyes: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Contestant:
    """Something that finds faces, and from which score on they count."""

    name: str
    finder: FaceFinder
    lowest: float
    threshold: float

    def find(self, rgb: NDArray[np.uint8]) -> Detections:
        return self.finder.find(rgb, threshold=self.lowest, smallest_px=SMALLEST_FACE_PX, sizes_px=(640, 3840))


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Annotated faces (n): their kinds, heights, the best score that met each (0 where none), and the eyes' error."""

    kinds: NDArray[np.str_]
    heights: FloatArray
    scores: FloatArray
    eye_errors: FloatArray


def main() -> int:
    options = parse()
    bundle = load_bundle(options.model)
    teacher = Contestant("teacher", Detector(options.teacher), TEACHER_THRESHOLD, TEACHER_THRESHOLD)
    ours = Contestant("ours", face_finder(bundle), LOWEST, bundle.detection_threshold)
    truth = json.loads((options.photos / "faces.json").read_text(encoding="utf-8"))
    photos = [(truth[name], read(options.photos / name, max_side=READ_SIDE_PX)) for name in sorted(truth)]
    false = {one.name: false_boxes(one, photos) for one in (teacher, ours)}
    level = equal_threshold(false["ours"], len(false["teacher"]))
    faces = {one.name: faces_of(one, options.data) for one in (teacher, ours)}
    rows = [("teacher", TEACHER_THRESHOLD), ("ours", level), ("ours", bundle.detection_threshold)]
    lines = [
        f"bundle {bundle.name} against {options.teacher.name}; {len(faces['ours'].heights)} annotated faces",
        *(recall_line(name, at, faces[name], false[name], len(photos)) for name, at in rows),
        *eye_lines(faces, level),
        *(faceless_line(name, [teacher, ours], photos) for name, photos in faceless(options.data).items()),
        *latency_lines([options.teacher, bundle.detector]),
    ]
    print("\n".join(lines))
    if options.record:
        record("against_teacher.py", lines)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("data", type=Path, metavar="DATA")
    options.add_argument("--teacher", type=Path, required=True, help="an ONNX file with YuNet's interface")
    options.add_argument("--photos", type=Path, default=PHOTOS, help="photos and faces.json")
    options.add_argument("--model", type=Path, help="another bundle")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def false_boxes(one: Contestant, photos: Sequence[tuple[Truth, Picture]]) -> list[float]:
    """The scores of all boxes on `photos` that meet no face and no `maybe`."""

    def of_photo(photo: tuple[Truth, Picture]) -> list[float]:
        truth, picture = photo
        faces, maybe = list(truth["faces"]), list(truth["maybe"])
        found = one.find(picture.rgb).scaled(picture.scale)
        boxes = [edges(box_inside(box, (picture.width, picture.height))) for box in found.boxes]
        pairs = zip(boxes, found.scores.tolist(), strict=True)
        return [score for box, score in pairs if not take(box, faces) and not take(box, maybe)]

    return [score for scores in in_threads(of_photo, photos) for score in scores]


def equal_threshold(scores: list[float], allowed: int) -> float:
    """From which score on at most `allowed` of `scores` are."""
    above = sorted(scores, reverse=True)
    return float(np.nextafter(above[allowed], 1.0)) if len(above) > allowed else LOWEST


def faces_of(one: Contestant, data: Path) -> Faces:
    parts = in_threads(lambda shown: met(one, shown), pictures(data))
    columns = zip(*(row for part in parts for row in part), strict=True)
    kinds, heights, scores, errors = (np.array(column) for column in columns)
    return Faces(kinds, heights, scores, errors)


def pictures(data: Path) -> Iterator[Shown]:
    """The held-out photos as they are, and mosaics of them."""
    photos = [photo for photo in (*webfaces(data / "webfaces"), *street(data / "street")) if photo.is_test]
    eyes = annotated_eyes(data / "webfaces" / "WebFaces_GroundThruth.txt")
    for photo in photos:
        shown = shown_photo(photo, eyes)
        if len(shown.boxes):
            yield shown
    random = np.random.default_rng(SEED)
    with_faces = [photo for photo in photos if len(photo.boxes)]
    for number in range(MOSAICS):
        chosen = [with_faces[place] for place in random.choice(len(with_faces), TILES**2, replace=False)]
        yield mosaic([shown_photo(photo, eyes) for photo in chosen], MOSAIC_SIDES[number % len(MOSAIC_SIDES)])


def annotated_eyes(table: Path) -> dict[str, list[list[float]]]:
    eyes: dict[str, list[list[float]]] = {}
    for line in table.read_text().splitlines():
        name, *numbers = line.split()
        eyes.setdefault(name, []).append([float(number) for number in numbers[:4]])
    return eyes


def shown_photo(photo: AnnotatedPhoto, eyes: dict[str, list[list[float]]]) -> Shown:
    picture = read(photo.path, max_side=READ_SIDE_PX)
    factor = np.float32(1 / picture.scale)
    known = np.array(eyes[photo.path.name], np.float32).reshape(-1, 2, 2) if photo.path.name in eyes else None
    return Shown(photo.source, picture.rgb, photo.boxes * factor, None if known is None else known * factor)


def mosaic(tiles: Sequence[Shown], side_px: int) -> Shown:
    """`tiles` in a square of `side_px`, each as large as its place lets it be."""
    place_px = side_px // TILES
    canvas, boxes = np.zeros((side_px, side_px, 3), np.uint8), []
    for number, tile in enumerate(tiles):
        factor = place_px / max(tile.rgb.shape[:2])
        small = resized(tile.rgb, factor)[:place_px, :place_px]
        top, left = number // TILES * place_px, number % TILES * place_px
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
        boxes.append(tile.boxes * np.float32(factor) + np.array([left, top, left, top], np.float32))
    return Shown("mosaics", canvas, np.concatenate(boxes))


def met(one: Contestant, shown: Shown) -> list[tuple[str, float, float, float]]:
    """Kind, height, score of the best box that meets it, and error of the eyes, of each annotated face."""
    found = one.find(shown.rgb)
    rows = []
    for number, box in enumerate(shown.boxes):
        meets = np.flatnonzero(overlap(box, found.boxes) >= IOU[shown.kind]) if len(found) else []
        best = meets[0] if len(meets) else None
        error = np.nan
        if best is not None and shown.eyes is not None:
            error = eye_error(found.landmarks[best, :2], shown.eyes[number])
        score = 0.0 if best is None else float(found.scores[best])
        rows.append((shown.kind, float(box[3] - box[1]), score, error))
    return rows


def eye_error(said: FloatArray, annotated: FloatArray) -> float:
    """The mean distance of both eyes, as a share of theirs from one another."""
    known = annotated[np.argsort(annotated[:, 0])]
    return float(np.linalg.norm(said - known, axis=1).mean() / max(np.linalg.norm(known[1] - known[0]), 1.0))


def recall_line(name: str, threshold: float, faces: Faces, false: list[float], photos: int) -> str:
    hit = faces.scores >= threshold
    kinds = ", ".join(f"{kind} {share_of(hit[faces.kinds == kind])}" for kind in IOU)
    bands = ", ".join(
        f"{low} to {high} px {share_of(hit[(faces.heights >= low) & (faces.heights < high)])}" for low, high in BANDS
    )
    wrong = sum(score >= threshold for score in false) / photos
    return f"{name} at {threshold:.2f}, {wrong:.2f} false boxes a photo: {share_of(hit)}; {kinds}; {bands}"


def share_of(hit: NDArray[np.bool_]) -> str:
    return share(int(hit.sum()), len(hit))


def eye_lines(faces: dict[str, Faces], level: float) -> Iterator[str]:
    """Of the faces that both found."""
    both = (faces["teacher"].scores >= TEACHER_THRESHOLD) & (faces["ours"].scores >= level)
    both &= np.isfinite(faces["teacher"].eye_errors) & np.isfinite(faces["ours"].eye_errors)
    teacher, ours = (float(faces[name].eye_errors[both].mean()) for name in ("teacher", "ours"))
    yield (
        f"eyes of {int(both.sum())} faces of WebFaces that both found, mean error in eye distances: "
        f"teacher {teacher:.3f}, ours {ours:.3f}, **{ours / teacher:.2f}** times"
    )


def faceless(data: Path) -> dict[str, list[AnnotatedPhoto]]:
    """The test parts of what shows hardly any faces."""
    sources = {
        "scenes": scenes(data / "scenes", frozenset()),
        "animals": animals(data / "animals"),
        "negatives": negatives(data / "negatives"),
    }
    return {name: [photo for photo in photos if photo.is_test] for name, photos in sources.items()}


def faceless_line(name: str, contestants: Sequence[Contestant], chosen: Sequence[AnnotatedPhoto]) -> str:
    parts = []
    for one in contestants:
        best = np.array(in_threads(partial(best_of_nothing, one), chosen))
        parts.append(f"{one.name} at {one.threshold:.2f} {share_of(best < one.threshold)}")
    return f"{name}, test part, without a box that is on no face: {', '.join(parts)}"


def best_of_nothing(one: Contestant, photo: AnnotatedPhoto) -> float:
    """The highest score in `photo` of a box that meets no face that was seen."""
    picture = read(photo.path, max_side=READ_SIDE_PX)
    found = one.find(picture.rgb)
    people = seen_faces(photo.source, photo.path.name, picture.rgb.shape[1])
    wrong = [not len(people) or overlap(box, people).max() < PERSON_IOU for box in found.boxes]
    return float(found.scores[np.array(wrong, bool)].max(initial=0.0))


def latency_lines(files: Sequence[Path]) -> Iterator[str]:
    """Both networks in turns, on one core, so that other work weighs on both."""
    rgb = np.random.default_rng(SEED).integers(0, 256, (*LATENCY_SIZE, 3), dtype=np.uint8)
    detectors = [Detector(file, threads=1) for file in files]
    times: list[list[float]] = [[] for _ in files]
    for _ in range(LATENCY_RUNS):
        for spent, detector in zip(times, detectors, strict=True):
            began = time.perf_counter()
            detector.detect(rgb, threshold=0.99)
            spent.append(time.perf_counter() - began)
    teacher, ours = (float(np.median(spent)) for spent in times)
    yield (
        f"one look at {LATENCY_SIZE[1]} x {LATENCY_SIZE[0]} pixels on one core, median of {LATENCY_RUNS} in turns: "
        f"teacher {teacher * 1e3:.1f} ms, ours {ours * 1e3:.1f} ms, **{ours / teacher:.2f}** times"
    )


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(usable_cpus()) as pool:
        return list(pool.map(function, items))


if __name__ == "__main__":
    sys.exit(main())
