"""Several models on the same faces: who says what how often right, women and men apart, one line a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from faceannot._version import __version__
from faceannot.evaluation.figures import QuestionReport
from faceannot.evaluation.groups import BY_GENDER, BY_GENDER_AND_EMOTION, GUESSED, Dimension, Gap, Group
from faceannot.evaluation.intervals import Interval
from faceannot.evaluation.judged import UNKNOWN, Judged
from faceannot.evaluation.questions import TITLES
from faceannot.evaluation.report import NOTE, ModelReport, today

# A guess that is less sure divides nobody: it would blur the difference that the division is for.
SURE = 0.8
_WOMEN = ("women", "girls", "female")


@dataclass(frozen=True, slots=True)
class Entrant:
    """One model: `name` in the tables, how it was made, bytes of its classifier, seconds of training if known."""

    name: str
    approach: str
    classifier_bytes: int
    training_s: float | None
    report: ModelReport


@dataclass(frozen=True, slots=True)
class Column:
    """Some of the faces that a question is put to; all of them where `by` is empty."""

    by: str
    name: str
    faces: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure 0..1 with its 95 % interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class NamedGap:
    """The largest gap of a model between two groups of enough faces, and what divides them."""

    by: str
    gap: Gap


@dataclass(frozen=True, slots=True)
class Line:
    """What one model gives: a cell for each column, None where it has no answer; `lost` faces count as errors."""

    model: str
    cells: tuple[Cell | None, ...]
    lost: int | None
    gap: NamedGap | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One question on one source. The first two columns are the accuracy and the balanced accuracy of all faces."""

    source: str
    question: str
    title: str
    faces: int
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `faceannot compare` says. `genders_by`: the model that guessed genders which the data lack, if one did."""

    faceannot: str
    date: str
    split: str
    note: str
    command: str
    genders_by: str | None
    entrants: tuple[Entrant, ...]
    sheets: tuple[Sheet, ...]


def comparison(entrants: Sequence[Entrant], split: str, command: str, genders_by: str | None) -> Comparison:
    """The comparison of `entrants`, which were judged on the same faces, dated today."""
    return Comparison(__version__, today(), split, NOTE, command, genders_by, tuple(entrants), tuple(_sheets(entrants)))


def guessed_genders(judged: Judged) -> NDArray[np.int64]:
    """Place of the gender that a model is sure of for each of the faces `judged` by it, else `UNKNOWN` (n)."""
    return np.where(judged.genders.max(axis=1, initial=0.0) >= SURE, judged.genders.argmax(axis=1), UNKNOWN)


def with_guesses(judged: Judged, guesses: NDArray[np.int64]) -> Judged:
    """`judged` with the gender that `guesses` (n) has for each face whose gender the source does not say."""
    return replace(judged, guessed_gender=np.where(judged.gender == UNKNOWN, guesses, UNKNOWN))


def _sheets(entrants: Sequence[Entrant]) -> Iterator[Sheet]:
    sources = [source.name for source in entrants[0].report.sources if not source.pooled]
    asked = [{(s.name, q.key): q for s in one.report.sources for q in s.questions} for one in entrants]
    for source in sources:
        for key in TITLES:
            answered = [(one.name, found.get((source, key))) for one, found in zip(entrants, asked, strict=True)]
            if questions := [question for _, question in answered if question]:
                yield _sheet(source, answered, questions)


def _sheet(
    source: str, answered: Sequence[tuple[str, QuestionReport | None]], questions: Sequence[QuestionReport]
) -> Sheet:
    first = questions[0]
    groups = {(by, group.name): group.faces for one in questions for by, group in _groups(one)}
    columns = [Column("", "accuracy", first.faces), Column("", "balanced accuracy", first.faces)]
    columns += sorted((Column(*key, faces) for key, faces in groups.items()), key=_order)
    lines = (_line(name, question, columns) for name, question in answered)
    return Sheet(source, first.key, first.title, first.faces, tuple(columns), tuple(lines))


def _groups(question: QuestionReport) -> Iterator[tuple[str, Group]]:
    for dimension in question.groups:
        if dimension.name.removesuffix(GUESSED) in (BY_GENDER, BY_GENDER_AND_EMOTION):
            for group in dimension.groups:
                yield dimension.name, group


def _order(column: Column) -> tuple[str, bool, str]:
    """By division; in each, women before men."""
    return column.by, column.name.split()[-1] not in _WOMEN, column.name


def _line(model: str, question: QuestionReport | None, columns: Sequence[Column]) -> Line:
    if question is None:
        return Line(model, (None,) * len(columns), None, None)
    cells = {("", key.replace("_", " ")): question.figure(key) for key in ("accuracy", "balanced_accuracy")}
    found = {key: Cell(figure.value, figure.interval) for key, figure in cells.items()}
    found |= {(by, group.name): Cell(group.accuracy, group.interval) for by, group in _groups(question)}
    shown = tuple(found.get((column.by, column.name)) for column in columns)
    return Line(model, shown, question.lost, _largest(question.groups))


def _largest(dimensions: Sequence[Dimension]) -> NamedGap | None:
    gaps = [NamedGap(dimension.name, dimension.gap) for dimension in dimensions if dimension.gap]
    return max(gaps, key=lambda one: one.gap.difference, default=None)
