"""How well photos of other projects are labelled, of which nothing was trained, and hardly anything chosen.

    python benchmarks/other_photos.py FOLDER [--quarters N] [--record]

`other_photos.json` says for each photo, by its path below FOLDER, what one sees in it: `size`, `faces`, `maybe` (as
`detect.py` has them), and for each face its gender and one of seven expressions, null where one cannot tell. Boxes are
the finder's own where it found the face, so that only what is missed, and what is no face, counts. docs/data.md says
where the photos come from. With --quarters each is turned anticlockwise first, by so many quarters of a full turn.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import parser, record, share
from detect import IOU, SMALL_PX, Count, count, edges, iou, without_small

from faceannot import Annotator, Face, PhotoResult
from faceannot.images import read
from faceannot.records import EXPRESSIONS, GENDERS

TRUTH = Path(__file__).with_name("other_photos.json")
EMOTIONS = ("happy", "sad")


@dataclass(frozen=True, slots=True)
class Seen:
    """A face that was found, and what one sees: its gender and expression, None where one cannot tell."""

    face: Face
    gender: str | None
    expression: str | None


def main() -> int:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, help="the photos, as docs/data.md lays them out")
    options.add_argument("--quarters", type=int, choices=range(4), default=0, help="turn the photos first")
    options.add_argument("--record", action="store_true", help="append the figures to benchmarks/RESULTS.md")
    chosen = options.parse_args()
    upright = json.loads(TRUTH.read_text(encoding="utf-8"))
    truth = {name: turned(seen, chosen.quarters) for name, seen in upright.items()}
    annotator = Annotator()
    paths = [chosen.folder / name for name in truth]
    photos = (np.rot90(read(path).rgb, chosen.quarters) for path in paths) if chosen.quarters else paths
    results = dict(zip(truth, annotator.annotate(photos), strict=True))
    for name, result in results.items():
        if result.error:
            print(f"{name}: {result.error}")
    how = f", photos turned by {90 * chosen.quarters} degrees" if chosen.quarters else ""
    lines = [f"bundle {annotator.bundle.name}{how}", *summary(truth, results)]
    print("\n".join(lines))
    if chosen.record:
        record("other_photos.py", lines)
    return 0


def turned(truth: dict[str, Any], quarters: int) -> dict[str, Any]:
    """What one sees in the photo of `truth` when it is turned anticlockwise by so many quarters."""
    for _ in range(quarters):
        width, height = truth["size"]
        places = {
            name: [(top, width - right, bottom, width - left) for left, top, right, bottom in truth[name]]
            for name in ("faces", "maybe")
        }
        truth = {**truth, **places, "size": [height, width]}
    return truth


def summary(truth: dict[str, Any], results: dict[str, PhotoResult]) -> Iterator[str]:
    total = sum((count(result, truth[name]) for name, result in results.items()), Count())
    larger = sum((count(result, without_small(truth[name])) for name, result in results.items()), Count())
    yield f"faces found: {share(total.found, total.faces)}; boxes on nothing: {total.false} on {len(results)} photos"
    yield f"of those of {SMALL_PX} pixels and more: {share(larger.found, larger.faces)}"
    seen = [one for name, result in results.items() for one in met(result, truth[name])]
    yield "gender: " + by_label([(one.gender, one.face.scores.gender) for one in seen], GENDERS)
    yield "expression: " + by_label([(one.expression, one.face.scores.expression) for one in seen], EXPRESSIONS)
    yield "happy against sad: " + by_label([(one.expression, one.face.scores.emotion) for one in seen], EMOTIONS)
    for expression in (*EMOTIONS, "neutral"):
        flags = [one.face.unsure for one in seen if one.expression == expression]
        yield f"flagged `unsure` of {expression} faces: {sum(flags)} of {len(flags)}"


def met(result: PhotoResult, truth: dict[str, Any]) -> Iterator[Seen]:
    """The faces of `truth` that `result` has."""
    for box, gender, expression in zip(truth["faces"], truth["genders"], truth["expressions"], strict=True):
        best = max(result.faces, key=lambda face: iou(edges(face.box), box), default=None)
        if best and iou(edges(best.box), box) >= IOU:
            yield Seen(best, gender, expression)


def by_label(pairs: Sequence[tuple[str | None, str]], labels: Sequence[str]) -> str:
    """How many of `pairs` (seen, said) agree, of those that were seen as one of `labels`, and of each of these."""
    told = [(seen, said) for seen, said in pairs if seen in labels]
    parts = {label: [said == seen for seen, said in told if seen == label] for label in labels}
    each = "; ".join(f"{label} {sum(right)} of {len(right)}" for label, right in parts.items() if right)
    return f"{share(sum(seen == said for seen, said in told), len(told))}; {each}"


if __name__ == "__main__":
    sys.exit(main())
