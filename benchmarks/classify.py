"""How often the labels are right on held-out faces, as shipped: our detector, our alignment, our ONNX file.

    python benchmarks/classify.py DATA [SOURCE ...]

DATA holds the source data sets as their readers expect them (folders utkface, all-age-faces, gender58k,
gender58k-identities, rafdb, ferplus, affectnet-yolo). Only test parts are used. A face that is not found counts as an
error; of several faces in a picture the largest one near the middle counts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import parser, record

from faceannot import Annotator, Face
from faceannot.datasets import affectnet_yolo, all_age_faces, ferplus, gender_folders, rafdb, utkface
from faceannot.datasets.cleaning import clean
from faceannot.datasets.example import Example
from faceannot.evaluation.intervals import wilson
from faceannot.evaluation.judged import main_face
from faceannot.inputs import Photo
from faceannot.records import EXPRESSIONS

READERS: dict[str, Callable[[Path], Iterator[Example]]] = {
    "utkface": lambda data: utkface.read(data / "utkface"),
    "all-age-faces": lambda data: all_age_faces.read(data / "all-age-faces"),
    "gender58k": lambda data: gender_folders.read(
        data / "gender58k", data / "gender58k-identities" / "identity_CelebA.txt"
    ),
    "rafdb": lambda data: rafdb.read(data / "rafdb"),
    "ferplus": lambda data: ferplus.read(data / "ferplus"),
    "affectnet": lambda data: affectnet_yolo.read(data / "affectnet-yolo"),
}
AGES = ((0, 10), (10, 20), (20, 30), (30, 50), (50, 70), (70, 120))


@dataclass(frozen=True, slots=True)
class Judged:
    """A test picture and what was said of its face, None where none was found."""

    example: Example
    face: Face | None


def main() -> int:
    options = parse()
    annotator = Annotator(model=options.model)
    lines = []
    for source in options.sources or READERS:
        judged = list(judge(annotator, READERS[source](options.data)))
        lost = sum(one.face is None for one in judged)
        lines.append(f"{source}: {len(judged)} test pictures, no face found in {lost}")
        lines += [f"{source}: {line}" for line in [*gender_lines(judged), *expression_lines(judged)]]
        print("\n".join(line for line in lines if line.startswith(source)), flush=True)
    if options.record:
        record("classify.py", lines)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("data", type=Path, help="folder of the source data sets")
    options.add_argument("sources", nargs="*", metavar="SOURCE", help=f"of {', '.join(READERS)} (all)")
    options.add_argument("--model", type=Path, help="another bundle")
    options.add_argument("--record", action="store_true", help="append the figures to benchmarks/RESULTS.md")
    return options.parse_args()


def judge(annotator: Annotator, examples: Iterator[Example]) -> Iterator[Judged]:
    tests = [example for example in clean(examples).examples if example.split == "test"]
    photos = [Photo(example.name, example.path) for example in tests]
    for example, result in zip(tests, annotator.annotate(photos), strict=True):
        yield Judged(example, main_face(result))


def gender_lines(judged: Sequence[Judged]) -> Iterator[str]:
    known = [one for one in judged if one.example.gender is not None]
    if not known:
        return
    adults = [one for one in known if one.example.age is None or one.example.age >= 20]
    yield f"gender, 20 and over or of unknown age: {shown(right_genders(adults))}"
    for group, chosen in (*by_gender(adults), *by_age(known), *by_ethnicity(adults)):
        if not chosen:
            continue
        yield f"gender, {group}: {shown(right_genders(chosen))}"


def by_gender(judged: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    for name, gender in (("women", "female"), ("men", "male")):
        yield name, [one for one in judged if one.example.gender == gender]


def by_age(judged: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    aged = [one for one in judged if one.example.age is not None]
    for low, high in AGES:
        for name, chosen in by_gender([one for one in aged if low <= (one.example.age or 0) < high]):
            yield f"{name} of {low} to {high - 1}", chosen


def by_ethnicity(judged: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    names = sorted({one.example.ethnicity for one in judged if one.example.ethnicity})
    for name in names if len(names) > 1 else ():
        yield name, [one for one in judged if one.example.ethnicity == name]


def right_genders(judged: Sequence[Judged]) -> list[bool]:
    return [one.face is not None and one.face.scores.gender == one.example.gender for one in judged]


def expression_lines(judged: Sequence[Judged]) -> Iterator[str]:
    known = [one for one in judged if one.example.expression is not None]
    if not known:
        return
    yield f"seven expressions: {shown([expression_is_right(one) for one in known])}"
    recalls = []
    for expression in ("happy", "sad"):
        chosen = [one for one in known if labelled(one) == expression]
        right = [one.face is not None and one.face.scores.emotion == expression for one in chosen]
        recalls.append(sum(right) / max(1, len(right)))
        yield f"happy against sad, {expression}: {shown(right)}"
    yield f"happy against sad, balanced: {100 * sum(recalls) / 2:.1f} %"


def labelled(one: Judged) -> str:
    assert one.example.expression is not None
    return EXPRESSIONS[int(np.argmax(one.example.expression))]


def expression_is_right(one: Judged) -> bool:
    return one.face is not None and one.face.scores.expression == labelled(one)


def shown(right: Sequence[bool]) -> str:
    """Share in per cent with its 95 % interval (Wilson 1927), and the number of faces."""
    count = len(right)
    if not count:
        return "no faces"
    interval = wilson(sum(right), count)
    share = 100 * sum(right) / count
    return f"{share:.1f} % ({100 * interval.low:.1f} to {100 * interval.high:.1f}) of {count}"


if __name__ == "__main__":
    sys.exit(main())
