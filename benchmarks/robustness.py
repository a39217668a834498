"""Whether a face keeps its labels as a mirror image, at half its size, saved again as JPEG, and when it is tiny.

    python benchmarks/robustness.py --data utkface:UTKFACE --data rafdb:RAFDB [--count 1000] [--record]

Looks at held-out pictures of each source as they are and changed, as `faceannot label` does, detection and alignment
included. A label is one of the four, such as HappyMale; agreement is counted over faces that are found both times.
A tiny face is one whose picture is shrunk until its box is 20 pixels high; for it, and for the same faces as they are,
the accuracy of gender is given too, where the source says it. A face that is not found then counts as an error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from common import parser, record, share
from numpy.typing import NDArray

from faceannot import Annotator, Face
from faceannot.datasets.example import Example
from faceannot.datasets.sources import parse_source
from faceannot.detector import resized
from faceannot.evaluation.judged import held_out, main_face

RgbArray = NDArray[np.uint8]
TINY_PX = 20
JPEG_QUALITY = 60
SEED = 11


@dataclass(frozen=True, slots=True)
class Looked:
    """A held-out picture and the face that was found on it as it is."""

    example: Example
    rgb: RgbArray
    face: Face


def main() -> int:
    options = parse()
    annotator = Annotator(model=options.model)
    lines = []
    for text in options.data:
        examples = chosen(held_out([parse_source(text)], "test"), options.count)
        lines += list(report(annotator, examples[0].source, looked_at(annotator, examples)))
    print("\n".join(lines))
    if options.record:
        record("robustness.py", lines)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("--data", action="append", required=True, metavar="KIND:PATH", help="as of faceannot evaluate")
    options.add_argument("--count", type=int, default=1000, help="pictures of each source")
    options.add_argument("--model", type=Path, help="another bundle")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def chosen(examples: Sequence[Example], count: int) -> list[Example]:
    """Some of them, of any kind; of faces below 20 years people do not agree on the gender, so none of those."""
    grown_up = [one for one in examples if one.age is None or one.age >= 20]
    places = np.random.default_rng(SEED).permutation(len(grown_up))[:count]
    return [grown_up[place] for place in sorted(places)]


def looked_at(annotator: Annotator, examples: Sequence[Example]) -> list[Looked]:
    pictures = [example.picture() for example in examples]
    found = faces(annotator, iter(pictures))
    return [Looked(*row) for row in zip(examples, pictures, found, strict=True) if row[2] is not None]


def faces(annotator: Annotator, pictures: Iterator[RgbArray]) -> list[Face | None]:
    return [main_face(result) for result in annotator.annotate(pictures)]


def report(annotator: Annotator, source: str, looked: Sequence[Looked]) -> Iterator[str]:
    changes: dict[str, Callable[[Looked], RgbArray]] = {
        "mirrored": lambda one: np.ascontiguousarray(one.rgb[:, ::-1]),
        "half the size": lambda one: resized(one.rgb, 0.5),
        f"JPEG of quality {JPEG_QUALITY}": lambda one: saved_again(one.rgb),
        f"{TINY_PX} pixels high": lambda one: resized(one.rgb, min(1.0, TINY_PX / one.face.box.height)),
    }
    for name, change in changes.items():
        again = faces(annotator, map(change, looked))
        yield f"{source}, {name}: {agreement(looked, again)}"
    yield from tiny_genders(source, looked, again)


def saved_again(rgb: RgbArray) -> RgbArray:
    _, data = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8)


def agreement(looked: Sequence[Looked], again: Sequence[Face | None]) -> str:
    both = [(one.face, other) for one, other in zip(looked, again, strict=True) if other is not None]
    labels = sum(one.scores.label == other.scores.label for one, other in both)
    genders = sum(one.scores.gender == other.scores.gender for one, other in both)
    return (
        f"label the same {share(labels, len(both))}, gender alone {genders / len(both):.1%}; "
        f"{len(looked) - len(both)} of {len(looked)} not found"
    )


def tiny_genders(source: str, looked: Sequence[Looked], tiny: Sequence[Face | None]) -> Iterator[str]:
    known = [(one, other) for one, other in zip(looked, tiny, strict=True) if one.example.gender is not None]
    if not known:
        return
    before = sum(one.face.scores.gender == one.example.gender for one, _ in known)
    after = sum(other is not None and other.scores.gender == one.example.gender for one, other in known)
    yield (
        f"{source}, gender right as it is {share(before, len(known))}, {TINY_PX} pixels high "
        f"{share(after, len(known))}: **{(before - after) / len(known) * 100:.1f}** points less"
    )


if __name__ == "__main__":
    sys.exit(main())
