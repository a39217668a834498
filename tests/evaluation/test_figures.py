"""The figures of one question, and what the `unsure` flag is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from faceannot.evaluation.figures import QuestionReport, question_report
from faceannot.evaluation.judged import Judged
from faceannot.evaluation.questions import ask
from tests.evaluation.conftest import table

# Happy for certain; neutral, which the flag is for; barely happy.
SURE, NEUTRAL, BARELY = [0, 1, 0, 0, 0, 0, 0], [0.9, 0.1, 0, 0, 0, 0, 0], [0, 0.51, 0.49, 0, 0, 0, 0]


def report_of(judged: Judged, threshold: float = 0.6) -> QuestionReport:
    return question_report(judged, ask(judged, threshold)[0], threshold)


def test_the_figures_are_those_of_the_faces() -> None:
    # Men: one right, one wrong; women: three right, one wrong and one lost.
    judged = table([0, 0, 1, 1, 1, 1, 1], [0.1, 0.8, 0.9, 0.8, 0.7, 0.2, 0.9], lost=[False] * 6 + [True])
    report = report_of(judged)
    assert (report.faces, report.lost) == (7, 1)
    assert report.confusion == ((1, 1, 0), (1, 3, 1))
    assert report.figure("accuracy").value == pytest.approx(4 / 7)
    assert report.figure("balanced_accuracy").value == pytest.approx((1 / 2 + 3 / 5) / 2)
    # Of the ten pairs of a woman and a man, 0.9 wins two, 0.8 one and a tie, 0.7 and 0.2 one each, the lost one none.
    assert report.figure("auc").value == pytest.approx(5.5 / 10)
    assert [part.faces for part in report.classes] == [2, 5]


def test_every_figure_lies_in_its_interval(judged: Judged) -> None:
    for answers in ask(judged, 0.5):
        report = question_report(judged, answers, 0.5)
        figures = [*report.figures, *(figure for part in report.classes for figure in part.figures)]
        assert all(math.isnan(one.value) or one.interval.holds(one.value) for one in figures)


def test_the_flag_removes_errors_and_costs_faces() -> None:
    # Right and sure, right and neutral, wrong and barely happy (score below the threshold), wrong and sure.
    judged = table([0, 0, 1, 1], [0.05, 0.05, 0.1, 0.1], scores=[SURE, NEUTRAL, BARELY, SURE])
    unsure = report_of(judged).unsure
    assert (unsure.flagged.part, unsure.flagged.whole) == (2, 4)
    assert (unsure.errors_removed.part, unsure.errors_removed.whole) == (1, 2)
    assert (unsure.accuracy_kept.part, unsure.accuracy_kept.whole) == (1, 2)
    assert [share.value for share in unsure.by_class] == [0.5, 0.5]


def test_a_lost_face_is_neither_flagged_nor_an_error_that_a_flag_could_remove() -> None:
    unsure = report_of(table([0, 0], [0.1, 0.9], lost=[True, False])).unsure
    assert (unsure.flagged.whole, unsure.errors_removed.whole) == (1, 1)
    assert max(kept.coverage for kept in unsure.curve) == 0.5


def test_a_higher_threshold_covers_fewer_faces() -> None:
    rng = np.random.default_rng(2)
    female = rng.random(200)
    curve = report_of(table((rng.random(200) < female).astype(int).tolist(), female.tolist())).unsure.curve
    covered = [kept.coverage for kept in curve]
    assert covered == sorted(covered, reverse=True)
    assert curve[-1].accuracy > curve[0].accuracy


def test_calibrated_scores_have_a_small_error_and_boastful_ones_a_large_one() -> None:
    rng = np.random.default_rng(5)
    female = rng.random(4000)
    genders = (rng.random(4000) < female).astype(int).tolist()
    assert report_of(table(genders, female.tolist())).figure("ece").value < 0.03
    boastful = np.where(female > 0.5, 0.99, 0.01)
    assert report_of(table(genders, boastful.tolist())).figure("ece").value > 0.15


def test_a_class_that_does_not_occur_has_no_area_and_no_share_in_the_mean() -> None:
    scores = np.full((4, 7), 0.02)
    scores[[0, 1, 2, 3], [0, 0, 4, 4]] = 0.88
    judged = table([-1] * 4, [0.5] * 4, expressions=[0, 0, 4, 4], scores=scores.tolist())
    report = report_of(judged)
    assert report.figure("auc").value == 1.0
    assert report.figure("balanced_accuracy").value == 1.0
    disgust = next(part for part in report.classes if part.name == "disgust")
    assert all(math.isnan(figure.value) for figure in disgust.figures)
