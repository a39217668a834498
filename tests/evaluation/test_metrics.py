"""Each figure against an example worked by hand, and the laws that it has."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.evaluation import metrics
from faceannot.evaluation.metrics import LOST

# Ten faces of class 0, five of class 1: 8 and 3 right, one of each lost.
COUNTS = np.array([[8, 1, 1], [1, 3, 1]])

probabilities = st.lists(st.integers(0, 1000).map(lambda number: number / 1000), min_size=2, max_size=40)


def test_a_lost_face_has_a_column_of_its_own() -> None:
    counts = metrics.confusion(np.array([0, 0, 1, 1]), np.array([0, 1, LOST, 1]), 2)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 1]]


def test_accuracy_counts_lost_faces_as_wrong() -> None:
    assert metrics.accuracy(COUNTS) == pytest.approx(11 / 15)


def test_recall_counts_lost_faces_and_precision_does_not() -> None:
    assert metrics.recall(COUNTS).tolist() == pytest.approx([8 / 10, 3 / 5])
    assert metrics.precision(COUNTS).tolist() == pytest.approx([8 / 9, 3 / 4])


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    expected = [2 * p * r / (p + r) for p, r in ((8 / 9, 8 / 10), (3 / 4, 3 / 5))]
    assert metrics.f1(COUNTS).tolist() == pytest.approx(expected)


def test_balanced_accuracy_is_the_mean_recall_of_the_classes_that_occur() -> None:
    assert metrics.balanced_accuracy(COUNTS) == pytest.approx(0.7)
    with_an_empty_class = np.array([[8, 2, 0, 0], [0, 0, 0, 0], [0, 1, 3, 0]])
    assert metrics.balanced_accuracy(with_an_empty_class) == pytest.approx((0.8 + 0.75) / 2)


def test_a_class_that_was_never_said_has_no_precision_and_counts_as_0_in_the_mean() -> None:
    counts = np.array([[4, 0, 0], [2, 0, 0]])
    assert math.isnan(metrics.precision(counts)[1])
    assert metrics.macro(metrics.precision(counts), counts) == pytest.approx(4 / 6 / 2)


def test_figures_of_many_counts_at_once_are_those_of_each() -> None:
    many = np.stack([COUNTS, COUNTS[::-1], 2 * COUNTS])
    for figure in (metrics.accuracy, metrics.balanced_accuracy):
        assert figure(many).tolist() == pytest.approx([float(figure(one)) for one in many])
    assert metrics.f1(many)[1].tolist() == pytest.approx(metrics.f1(COUNTS[::-1]).tolist())


def test_auc_is_how_often_a_positive_face_scores_higher() -> None:
    # Of the six pairs four are won and one is tied.
    scores, positive = np.array([0.9, 0.5, 0.5, 0.4, 0.1]), np.array([True, True, False, False, False])
    assert metrics.auc(scores, positive) == pytest.approx((3 + 2.5) / 6)


def test_auc_needs_both_kinds() -> None:
    assert math.isnan(metrics.auc(np.array([0.1, 0.2]), np.array([True, True])))
    assert math.isnan(metrics.auc(np.array([]), np.array([], np.bool_)))


def test_a_lost_face_loses_every_pair_of_the_roc_curve() -> None:
    positive, lost = np.array([True, True, False, False]), np.array([False, True, False, True])
    ranked = metrics.ranked(np.array([0.9, 0.9, 0.1, 0.1]), positive, lost)
    assert metrics.auc(ranked, positive) == pytest.approx(1 / 4)


@given(probabilities, st.data())
def test_auc_stays_under_a_monotone_map_and_turns_over_with_the_sign(scores: list[float], data: st.DataObject) -> None:
    some = np.array(scores)
    positive = np.array(data.draw(st.lists(st.booleans(), min_size=len(some), max_size=len(some))))
    plain = metrics.auc(some, positive)
    if math.isnan(plain):
        return
    assert metrics.auc(np.exp(3 * some), positive) == pytest.approx(plain)
    assert metrics.auc(-some, positive) == pytest.approx(1 - plain)
    assert metrics.auc(some, ~positive) == pytest.approx(1 - plain)
    assert metrics.auc_influence(some, positive).mean() == pytest.approx(0, abs=1e-9)


def test_ece_is_0_where_every_score_is_kept() -> None:
    # Of four faces of 0.75 three are right, of two of 0.5 one.
    confidence = np.array([0.5, 0.5, 0.75, 0.75, 0.75, 0.75])
    right = np.array([True, False, True, True, True, False])
    assert metrics.ece(confidence, right, bins=1) == pytest.approx(0.0)
    # Equally many in each bin: 0.5 0.5 0.75 and 0.75 0.75 0.75.
    assert metrics.ece(confidence, right, bins=2) == pytest.approx((abs(1.75 - 2) + abs(2.25 - 2)) / 6)


def test_ece_of_scores_that_are_always_too_high_is_by_how_much() -> None:
    assert metrics.ece(np.full(10, 0.9), np.zeros(10, np.bool_)) == pytest.approx(0.9)


@given(probabilities, st.data())
def test_ece_is_a_share_and_is_that_of_its_bins(scores: list[float], data: st.DataObject) -> None:
    some = np.array(scores)
    right = np.array(data.draw(st.lists(st.booleans(), min_size=len(some), max_size=len(some))))
    bins = metrics.reliability(some, right)
    value = metrics.ece(some, right)
    assert 0 <= value <= 1
    assert sum(one.faces for one in bins) == len(some)
    by_bins = sum(one.faces * abs(one.confidence - one.accuracy) for one in bins) / len(some)
    assert value == pytest.approx(by_bins)


def test_weights_of_one_give_the_ece_itself() -> None:
    rng = np.random.default_rng(1)
    confidence, right = rng.random(200), rng.random(200) < 0.7
    drawn = metrics.resampled_ece(confidence, right, np.ones((3, 200)))
    assert drawn.tolist() == pytest.approx([metrics.ece(confidence, right)] * 3)


def test_coverage_goes_from_the_surest_to_all_and_never_covers_lost_faces() -> None:
    kept = metrics.coverage(np.array([0.6, 0.9, 0.7]), np.array([False, True, True]), faces=4)
    assert [(one.coverage, one.accuracy, one.threshold) for one in kept] == [
        (0.25, 1.0, 0.9),
        (0.5, 1.0, 0.7),
        (0.75, pytest.approx(2 / 3), 0.6),
    ]


def test_nothing_has_no_figures() -> None:
    nothing = np.array([]), np.array([], np.bool_)
    assert math.isnan(metrics.ece(*nothing))
    assert (metrics.reliability(*nothing), metrics.coverage(*nothing, faces=1)) == ((), ())
    assert math.isnan(metrics.accuracy(np.zeros((2, 3), np.int64)))
