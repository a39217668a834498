"""How many faces the detector finds, and how many of its boxes are on nothing.

    python benchmarks/detect.py [FOLDER]

FOLDER (default ../shared/photos) holds photos and `faces.json`: for each photo's name `size` and two lists of boxes
`[left, top, right, bottom]` in pixels of the upright photo: `faces`, which have to be found, and `maybe`, which may be.
A face is found by a box with an intersection over union of at least 0.4; a box that fits neither list is false. Each
face is found by one box at most, so that a second box on it is false. Faces are counted twice: all of them, and those
of 12 pixels height and more, the smaller ones then being faces that may be found.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import PHOTOS, parser, record

from faceannot import Annotator, Box, PhotoResult

IOU = 0.4
SMALL_PX = 12
Edges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Count:
    """Of one photo or of many: faces to find, those found, false boxes."""

    faces: int = 0
    found: int = 0
    false: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.faces + other.faces, self.found + other.found, self.false + other.false)

    @property
    def recall(self) -> float:
        return self.found / self.faces if self.faces else 1.0


def main() -> int:
    options = parse()
    truth = json.loads((options.folder / "faces.json").read_text(encoding="utf-8"))
    annotator = Annotator(detector=options.detector, detection_threshold=options.threshold)
    counts, larger = {}, Count()
    for result in annotator.annotate([options.folder / name for name in sorted(truth)]):
        name = Path(result.path).name
        counts[name] = count(result, truth[name])
        larger += count(result, without_small(truth[name]))
        print(row(name, counts[name], result.error))
    print(row("all", sum(counts.values(), Count())))
    lines = summary(options, annotator, counts, larger)
    print("\n".join(lines))
    if options.record:
        record("detect.py", lines)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, nargs="?", default=PHOTOS, help="photos and faces.json")
    options.add_argument("--detector", type=Path, metavar="FILE", help="another ONNX file with YuNet's interface")
    options.add_argument("--threshold", type=float, help="detection threshold (the bundle's)")
    options.add_argument("--record", action="store_true", help="append the totals to benchmarks/RESULTS.md")
    return options.parse_args()


def count(result: PhotoResult, truth: dict[str, list[Edges]]) -> Count:
    """What of `truth` the boxes of `result` meet, the surest box first."""
    surest_first = sorted(result.faces, key=lambda face: -face.detection)
    return match([edges(face.box) for face in surest_first], truth["faces"], truth["maybe"])


def without_small(truth: dict[str, list[Edges]]) -> dict[str, list[Edges]]:
    """`truth` with the small ones of `faces` among `maybe`."""
    small = [face for face in truth["faces"] if face[3] - face[1] < SMALL_PX]
    return {"faces": [face for face in truth["faces"] if face not in small], "maybe": truth["maybe"] + small}


def edges(box: Box) -> Edges:
    return box.left, box.top, box.left + box.width, box.top + box.height


def match(boxes: Sequence[Edges], faces: Sequence[Edges], maybe: Sequence[Edges]) -> Count:
    """Give each box, in this order, the face left that it meets best; `maybe` are asked after `faces`."""
    faces_left, maybe_left, false = list(faces), list(maybe), 0
    for box in boxes:
        if not take(box, faces_left) and not take(box, maybe_left):
            false += 1
    return Count(len(faces), len(faces) - len(faces_left), false)


def take(box: Edges, left: list[Edges]) -> bool:
    """Take the one that `box` meets best out of `left`; False if it meets none."""
    best = max(left, key=lambda other: iou(box, other), default=None)
    if best is None or iou(box, best) < IOU:
        return False
    left.remove(best)
    return True


def iou(one: Edges, other: Edges) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (area(one) + area(other) - shared) if shared else 0.0


def area(box: Edges) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def row(name: str, counted: Count, error: str | None = None) -> str:
    return f"{name:12} {counted.found:4} of {counted.faces:4} found {counted.false:4} false  {error or ''}".rstrip()


def summary(options: argparse.Namespace, annotator: Annotator, counts: dict[str, Count], larger: Count) -> list[str]:
    total = sum(counts.values(), Count())
    groups = [counted for counted in counts.values() if 2 <= counted.faces <= 30]
    whole = sum(counted.found == counted.faces for counted in groups)
    detector = options.detector.name if options.detector else f"bundle {annotator.bundle.name}"
    by = f"{detector}, threshold {annotator.detection_threshold:g}"
    return [
        f"{by}: **{total.recall:.1%}** of {total.faces} faces found; "
        f"of the {larger.faces} of {SMALL_PX} pixels and more **{larger.recall:.1%}** (target at least 97)",
        f"false boxes: {total.false}, **{total.false / max(len(counts), 1):.2f}** a photo on {len(counts)} photos "
        "(target at most 0.3)",
        f"photos of 2 to 30 faces in which everybody was found: {whole} of {len(groups)}",
    ]


if __name__ == "__main__":
    sys.exit(main())
