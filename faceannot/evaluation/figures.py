"""The figures of one question: overall, by class, by group, of the scores and of the `unsure` flag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceannot.evaluation import metrics
from faceannot.evaluation.groups import Dimension, dimensions
from faceannot.evaluation.intervals import (
    UNKNOWN,
    Interval,
    auc_interval,
    mean_auc_interval,
    mean_of_proportions,
    percentile_interval,
    resampled_counts,
    resampled_weights,
    wilson,
)
from faceannot.evaluation.judged import Judged
from faceannot.evaluation.metrics import Bin, Kept
from faceannot.evaluation.questions import Answers
from faceannot.evaluation.unsure import Unsure, unsure_report

FloatArray = NDArray[np.float64]

_MEAN_AUC = "ROC AUC, mean of each class against the rest"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its 95 % interval; `key` names it in JSON and `title` for people."""

    key: str
    title: str
    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class ClassReport:
    """One class: how many faces are of it, and its figures."""

    name: str
    faces: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """One question on one source.

    `confusion`: a row for each true class, a column for each class that was said and a last one for lost faces.
    `curve`: accuracy against coverage by the answer's own score.
    """

    key: str
    title: str
    faces: int
    lost: int
    figures: tuple[Figure, ...]
    classes: tuple[ClassReport, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[Bin, ...]
    curve: tuple[Kept, ...]
    unsure: Unsure
    groups: tuple[Dimension, ...]

    def figure(self, key: str) -> Figure:
        """The overall figure named `key`."""
        return next(figure for figure in self.figures if figure.key == key)


def question_report(judged: Judged, answers: Answers, threshold: float) -> QuestionReport:
    """All figures of `answers`, which are about rows of `judged`; `threshold` is that of the `unsure` flag."""
    found = ~answers.lost
    confidence, right = answers.confidence[found], answers.right[found]
    return QuestionReport(
        key=answers.key,
        title=answers.title,
        faces=len(answers),
        lost=int(answers.lost.sum()),
        figures=(*_count_figures(answers), _auc(answers), _ece(confidence, right)),
        classes=tuple(_classes(answers)),
        confusion=tuple(tuple(int(cell) for cell in row) for row in answers.counts),
        reliability=metrics.reliability(confidence, right),
        curve=metrics.coverage(confidence, right, len(answers)),
        unsure=unsure_report(judged, answers, threshold),
        groups=dimensions(judged, answers),
    )


def _count_figures(answers: Answers) -> Iterator[Figure]:
    counts, drawn = answers.counts, resampled_counts(answers.counts)
    right, faces = int(answers.right.sum()), len(answers)
    yield Figure("accuracy", "accuracy", right / faces, wilson(right, faces))
    parts = [(float(row[place]), float(row.sum())) for place, row in enumerate(counts) if row.sum()]
    balanced = float(metrics.balanced_accuracy(counts))
    yield Figure("balanced_accuracy", "balanced accuracy", balanced, mean_of_proportions(parts))
    for key, per_class in (("precision", metrics.precision), ("f1", metrics.f1)):
        value = float(metrics.macro(per_class(counts), counts))
        interval = percentile_interval(value, metrics.macro(per_class(drawn), drawn))
        yield Figure(f"macro_{key}", f"macro {key.replace('f1', 'F1')}", value, interval)


def _auc(answers: Answers) -> Figure:
    """Of two classes the area itself; of more the mean of each that occurs against the rest."""
    if len(answers.classes) == 2:
        return _class_auc(answers, 1)
    sizes = np.bincount(answers.truth, minlength=len(answers.classes))
    places = [place for place, size in enumerate(sizes) if 0 < size < len(answers)]
    if not places:
        return Figure("auc", _MEAN_AUC, float("nan"), UNKNOWN)
    value = float(np.mean([_class_auc(answers, place).value for place in places]))
    influence = np.mean([metrics.auc_influence(*_ranked(answers, place)) for place in places], axis=0)
    return Figure("auc", _MEAN_AUC, value, mean_auc_interval(value, influence, int(sizes[places].min())))


def _class_auc(answers: Answers, place: int) -> Figure:
    ranked, positive = _ranked(answers, place)
    value, count = metrics.auc(ranked, positive), int(positive.sum())
    return Figure("auc", "ROC AUC", value, auc_interval(value, count, len(answers) - count))


def _ranked(answers: Answers, place: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    positive = answers.truth == place
    return metrics.ranked(answers.scores[:, place], positive, answers.lost), positive


def _ece(confidence: FloatArray, right: NDArray[np.bool_]) -> Figure:
    value = metrics.ece(confidence, right)
    drawn = metrics.resampled_ece(confidence, right, resampled_weights(len(confidence)))
    return Figure("ece", "calibration error (ECE)", value, percentile_interval(value, drawn))


def _classes(answers: Answers) -> Iterator[ClassReport]:
    counts, drawn = answers.counts, resampled_counts(answers.counts)
    recall, precision, f1 = metrics.recall(counts), metrics.precision(counts), metrics.f1(counts)
    drawn_f1 = metrics.f1(drawn)
    for place, name in enumerate(answers.classes):
        right, faces, said = counts[place, place], counts[place].sum(), counts[:, place].sum()
        score = float(f1[place])
        yield ClassReport(
            name,
            int(faces),
            (
                Figure("recall", "recall", float(recall[place]), wilson(right, faces)),
                Figure("precision", "precision", float(precision[place]), wilson(right, said)),
                Figure("f1", "F1", score, percentile_interval(score, drawn_f1[:, place])),
                _class_auc(answers, place),
            ),
        )
