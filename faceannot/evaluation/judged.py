"""Held-out pictures through the shipped models: what is known of each face beside what was said of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from faceannot.annotator import Annotator
from faceannot.datasets.example import Example, Split
from faceannot.datasets.sources import Source, clean_sources
from faceannot.errors import DatasetError, PhotoError
from faceannot.inputs import Photo
from faceannot.pipeline import without_pauses
from faceannot.records import EXPRESSIONS, GENDERS, Box, Face, PhotoResult, Status

UNKNOWN = -1
_Name = TypeVar("_Name", bound=str)


class Outcome(IntEnum):
    """What became of the face that a picture is of."""

    FOUND = 0
    NO_FACE = 1
    UNREADABLE = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """The picture behind a face, as long as it is at hand; `box` in pixels of the upright picture, None when lost."""

    photo: Photo
    box: Box | None


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Faces that were judged, one row each (n); every array has that length.

    `source`, `ethnicity`, `group`: names, the empty one unknown. `gender`, `expression`: true class by its place in
    `GENDERS` and `EXPRESSIONS`, `UNKNOWN` where the source does not say. `age`: years or `UNKNOWN`. `outcome`: of
    `Outcome`. `side_px`: longer side of the found box. `detection`: 0..1. `genders` (n, 2) and `expressions` (n, 7):
    probabilities; all of these are 0 for faces that were lost. `seen`: the pictures, only where measured afresh.
    `guessed_gender`: what a model takes faces for whose gender the source does not say, `UNKNOWN` for all others. It
    divides faces into groups and is never what an answer is compared with; None where no model was asked.
    """

    source: NDArray[np.str_]
    gender: NDArray[np.int64]
    expression: NDArray[np.int64]
    age: NDArray[np.int64]
    ethnicity: NDArray[np.str_]
    group: NDArray[np.str_]
    outcome: NDArray[np.int64]
    side_px: NDArray[np.float64]
    detection: NDArray[np.float64]
    genders: NDArray[np.float64]
    expressions: NDArray[np.float64]
    seen: tuple[Seen, ...] = ()
    guessed_gender: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.source)

    @property
    def lost(self) -> NDArray[np.bool_]:
        return np.asarray(self.outcome != Outcome.FOUND)

    def only(self, chosen: NDArray[np.bool_]) -> Judged:
        """The rows where `chosen` (n) is true."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "seen"}
        arrays: dict[str, Any] = {name: part if part is None else part[chosen] for name, part in values.items()}
        return Judged(**arrays, seen=tuple(seen for seen, one in zip(self.seen, chosen, strict=False) if one))

    @property
    def sources(self) -> list[str]:
        """The names of the sources, in the order in which they come."""
        return list(dict.fromkeys(self.source.tolist()))


def held_out(sources: Sequence[Source], split: Split) -> list[Example]:
    """The examples of `split` that have a label to judge by, of all ages, without copies and contradictions.

    Of two sources of one name the second is called `NAME 2`. Raises `DatasetError` when a source has none.
    """
    chosen: list[Example] = []
    for source, cleaned in zip(sources, clean_sources(sources, for_training=False), strict=True):
        found = [one for one in cleaned.examples if one.split == split]
        if not found:
            raise DatasetError(f"{source.kind.name}:{source.path}: no labelled picture in its {split} part")
        chosen += found
    return chosen


def judge(annotator: Annotator, examples: Sequence[Example], shown: Callable[[int], None] | None = None) -> Judged:
    """Look at each of `examples` as `faceannot label` does and keep what was said of its main face.

    `shown` is told how many pictures were done, each time.
    """
    rows = []
    for example, (photo, result) in zip(examples, _results(annotator, examples), strict=True):
        rows.append((example, photo, result.status, main_face(result)))
        if shown:
            shown(len(rows))
    return _table(rows)


def main_face(result: PhotoResult) -> Face | None:
    """The face that the picture is of: large, and near the middle; None without any."""
    if not result.faces or not result.photo_width or not result.photo_height:
        return None
    middle_x, middle_y = result.photo_width / 2, result.photo_height / 2
    longest = max(result.photo_width, result.photo_height)

    def weight(face: Face) -> float:
        box = face.box
        away = math.hypot(box.left + box.width / 2 - middle_x, box.top + box.height / 2 - middle_y) / longest
        return face.detection * box.width * max(0.05, 1 - 2 * away)

    return max(result.faces, key=weight)


def photo_of(example: Example) -> Photo:
    """What the annotator takes for `example`; the one place that knows where an example's picture is."""
    if example.index is None:
        return Photo(example.name, example.path)
    try:
        return Photo(example.name, example.picture())
    except PhotoError:
        # No content at all: the annotator says of it, too, that it cannot be read.
        return Photo(example.name, b"")


def _results(annotator: Annotator, examples: Iterable[Example]) -> Iterator[tuple[Photo, PhotoResult]]:
    for annotation in without_pauses(annotator.annotate_photos(photo_of(example) for example in examples)):
        yield annotation.photo, annotation.result


_Row = tuple[Example, Photo, Status, Face | None]


def _table(rows: Sequence[_Row]) -> Judged:
    examples, faces = [row[0] for row in rows], [row[3] for row in rows]
    return Judged(
        source=np.array([one.source for one in examples], np.str_),
        gender=np.array([_place(GENDERS, one.gender) for one in examples], np.int64),
        expression=np.array([_likeliest(one.expression) for one in examples], np.int64),
        age=np.array([UNKNOWN if one.age is None else one.age for one in examples], np.int64),
        ethnicity=np.array([one.ethnicity or "" for one in examples], np.str_),
        group=np.array([one.group or "" for one in examples], np.str_),
        outcome=np.array([_outcome(row[2], row[3]) for row in rows], np.int64),
        side_px=np.array([max(face.box.width, face.box.height) if face else 0 for face in faces], np.float64),
        detection=np.array([face.detection if face else 0.0 for face in faces], np.float64),
        genders=_scores(GENDERS, [face.scores.genders if face else None for face in faces]),
        expressions=_scores(EXPRESSIONS, [face.scores.expressions if face else None for face in faces]),
        seen=tuple(Seen(row[1], row[3].box if row[3] else None) for row in rows),
    )


def _place(names: Sequence[str], name: str | None) -> int:
    return UNKNOWN if name is None else names.index(name)


def _likeliest(shares: tuple[float, ...] | None) -> int:
    return UNKNOWN if shares is None else int(np.argmax(shares))


def _outcome(status: Status, face: Face | None) -> Outcome:
    if face is not None:
        return Outcome.FOUND
    return Outcome.UNREADABLE if status is Status.ERROR else Outcome.NO_FACE


def _scores(names: Sequence[_Name], rows: Sequence[Mapping[_Name, float] | None]) -> NDArray[np.float64]:
    table = [[row[name] if row else 0.0 for name in names] for row in rows]
    return np.array(table, np.float64).reshape(len(rows), len(names))
