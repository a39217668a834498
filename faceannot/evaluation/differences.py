"""Where figures that were measured afresh differ from those that come with the bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceannot.evaluation.intervals import Interval

if TYPE_CHECKING:
    from faceannot.evaluation.figures import QuestionReport
    from faceannot.evaluation.report import ModelReport, SourceReport

# Recorded scores are rounded; what that does to a figure is no difference.
ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of which the two say different things; `outside`: the measured one is outside the recorded interval."""

    source: str
    question: str
    figure: str
    recorded: float
    interval: Interval
    measured: float
    outside: bool


def differences(measured: ModelReport, recorded: ModelReport) -> tuple[Difference, ...]:
    """Every figure of sources that both have which differs by more than rounding, the largest difference first."""
    theirs = {source.name: source for source in recorded.sources}
    found = [
        difference
        for source in measured.sources
        if source.name in theirs and _same_faces(source, measured, recorded)
        for difference in _of_source(source, theirs[source.name])
    ]
    return tuple(sorted(found, key=lambda one: (not one.outside, -abs(one.measured - one.recorded))))


def not_recorded(measured: ModelReport, recorded: ModelReport) -> list[str]:
    """The names of sources that were measured and have no recorded figures."""
    return sorted({one.name for one in measured.sources} - {one.name for one in recorded.sources})


def _same_faces(source: SourceReport, measured: ModelReport, recorded: ModelReport) -> bool:
    """Whether `source` is one source, or all of them together and the two have the same ones."""
    return not source.pooled or {one.name for one in measured.sources} == {one.name for one in recorded.sources}


def _of_source(measured: SourceReport, recorded: SourceReport) -> Iterator[Difference]:
    old = {question.key: dict(_figures(question)) for question in recorded.questions}
    for question in measured.questions:
        for name, (value, _) in _figures(question):
            before, interval = old.get(question.key, {}).get(name, (value, None))
            if interval is not None and abs(value - before) > ROUNDING:
                outside = not interval.holds(value)
                yield Difference(measured.name, question.key, name, before, interval, value, outside)


def _figures(question: QuestionReport) -> Iterator[tuple[str, tuple[float, Interval]]]:
    for figure in question.figures:
        yield figure.title, (figure.value, figure.interval)
    for part in question.classes:
        for figure in part.figures:
            yield f"{figure.title} of {part.name}", (figure.value, figure.interval)
    for dimension in question.groups:
        for group in dimension.groups:
            yield f"accuracy, {dimension.name}: {group.name}", (group.accuracy, group.interval)
