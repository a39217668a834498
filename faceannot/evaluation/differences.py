"""Where faces and figures that were measured afresh differ from those that come with the bundle."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceannot.evaluation.intervals import Interval, wilson

if TYPE_CHECKING:
    from faceannot.evaluation.figures import QuestionReport
    from faceannot.evaluation.report import ModelReport, SourceReport

# Recorded scores are rounded; what that does to a figure is no difference.
ROUNDING = 0.001
FACES, LOST = "faces", "lost faces"
# A question that was put to nobody.
_NOBODY = {FACES: (0.0, Interval(0, 0))}


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of which the two say different things, NaN where one says nothing.

    `outside`: the measured one is outside the recorded interval. A number of faces has none but itself.
    """

    source: str
    question: str
    figure: str
    recorded: float
    interval: Interval
    measured: float
    outside: bool


def differences(measured: ModelReport, recorded: ModelReport) -> tuple[Difference, ...]:
    """What differs in sources that both have: how many faces were judged and lost, and figures by more than rounding.

    Faces come first, because figures of other faces are other figures, then the largest difference.
    """
    theirs = {source.name: source for source in recorded.sources}
    found = [
        difference
        for source in measured.sources
        if source.name in theirs and _same_faces(source, measured, recorded)
        for difference in _of_source(source, theirs[source.name])
    ]
    return tuple(sorted(found, key=_rank))


def _rank(one: Difference) -> tuple[bool, bool, float]:
    size = abs(one.measured - one.recorded)
    return one.figure not in (FACES, LOST), not one.outside, -math.inf if math.isnan(size) else -size


def not_recorded(measured: ModelReport, recorded: ModelReport) -> list[str]:
    """The names of sources that were measured and have no recorded figures."""
    return sorted({one.name for one in measured.sources} - {one.name for one in recorded.sources})


def _same_faces(source: SourceReport, measured: ModelReport, recorded: ModelReport) -> bool:
    """Whether `source` is one source, or all of them together and the two have the same ones."""
    return not source.pooled or {one.name for one in measured.sources} == {one.name for one in recorded.sources}


def _of_source(measured: SourceReport, recorded: SourceReport) -> Iterator[Difference]:
    new, old = ({one.key: dict(_figures(one)) for one in source.questions} for source in (measured, recorded))
    for key in dict.fromkeys((*old, *new)):
        now, before = new.get(key, _NOBODY), old.get(key, _NOBODY)
        for name, (known, interval) in before.items():
            value = now[name][0] if name in now else known
            if _differ(value, known):
                yield Difference(measured.name, key, name, known, interval, value, not interval.holds(value))


def _differ(value: float, known: float) -> bool:
    if math.isnan(value) or math.isnan(known):
        return math.isnan(value) != math.isnan(known)
    return abs(value - known) > ROUNDING


def _figures(question: QuestionReport) -> Iterator[tuple[str, tuple[float, Interval]]]:
    share = wilson(question.lost, question.faces)
    yield FACES, (question.faces, Interval(question.faces, question.faces))
    yield LOST, (question.lost, Interval(question.faces * share.low, question.faces * share.high))
    for figure in question.figures:
        yield figure.title, (figure.value, figure.interval)
    for part in question.classes:
        for figure in part.figures:
            yield f"{figure.title} of {part.name}", (figure.value, figure.interval)
    for dimension in question.groups:
        for group in dimension.groups:
            yield f"accuracy, {dimension.name}: {group.name}", (group.accuracy, group.interval)
