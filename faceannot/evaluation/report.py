"""The whole report as frozen records, from which the terminal, the JSON and the HTML are made."""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from faceannot._version import __version__
from faceannot.bundle import Bundle
from faceannot.evaluation.differences import Difference
from faceannot.evaluation.figures import QuestionReport, question_report
from faceannot.evaluation.judged import Judged, Outcome
from faceannot.evaluation.mistakes import JSON, Mistake, worst_mistakes
from faceannot.evaluation.questions import ask
from faceannot.outputs.names import escape

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ALL = "all"
NOTE = (
    "A label is right here when it says what people said that the picture shows: an appearance. It is not who "
    "somebody is, how they see themselves or what they feel. A face that was not found counts as an error."
)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The figures of one source, or of all together (`pooled`). `lost`: names of pictures, where they are at hand."""

    name: str
    pooled: bool
    pictures: int
    no_face: int
    unreadable: int
    lost: tuple[str, ...]
    questions: tuple[QuestionReport, ...]


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One bundle. `recorded`: the date when its scores were recorded, None when they were measured now."""

    name: str
    sha256: str
    unsure_threshold: float
    recorded: str | None
    sources: tuple[SourceReport, ...]
    mistakes: tuple[Mistake, ...]
    differences: tuple[Difference, ...] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What `faceannot evaluate` says of one or several bundles."""

    faceannot: str
    date: str
    split: str
    note: str
    models: tuple[ModelReport, ...]


def report(models: Sequence[ModelReport], split: str) -> Report:
    """The report on `models`, dated today."""
    return Report(__version__, today(), split, NOTE, tuple(models))


def today() -> str:
    """The date, as in 2026-11-21 (UTC)."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def model_report(bundle: Bundle, judged: Judged, recorded: str | None = None) -> ModelReport:
    """All figures of `bundle` from what it said of the faces in `judged`."""
    return ModelReport(
        name=bundle.name,
        sha256=bundle.sha256,
        unsure_threshold=bundle.unsure_threshold,
        recorded=recorded,
        sources=tuple(_source_reports(judged, bundle.unsure_threshold)),
        mistakes=worst_mistakes(judged, ask(judged, bundle.unsure_threshold)),
    )


def as_json(whole: DataclassInstance) -> dict[str, Any]:
    """A report as JSON's types: six decimals, null for what is not known. No pictures."""
    return {field.name: _plain(getattr(whole, field.name)) for field in dataclasses.fields(whole)}


def _source_reports(judged: Judged, threshold: float) -> Iterator[SourceReport]:
    names = judged.sources
    for name in names:
        yield _source_report(name, judged.only(judged.source == name), threshold, pooled=False)
    if len(names) > 1:
        yield _source_report(ALL, judged, threshold, pooled=True)


def _source_report(name: str, judged: Judged, threshold: float, *, pooled: bool) -> SourceReport:
    return SourceReport(
        name=name,
        pooled=pooled,
        pictures=len(judged),
        no_face=int((judged.outcome == Outcome.NO_FACE).sum()),
        unreadable=int((judged.outcome == Outcome.UNREADABLE).sum()),
        lost=tuple(escape(seen.photo.name) for seen in judged.seen if seen.box is None),
        questions=tuple(question_report(judged, answers, threshold) for answers in ask(judged, threshold)),
    )


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = (field for field in dataclasses.fields(value) if field.metadata.get(JSON, True))
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if math.isfinite(value) else None
    return value
