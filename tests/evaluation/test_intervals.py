"""Each interval against a published or worked example, and the laws that it has."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.evaluation import metrics
from faceannot.evaluation.intervals import (
    Interval,
    auc_interval,
    difference,
    mean_auc_interval,
    mean_of_proportions,
    percentile_interval,
    resampled_counts,
    resampled_weights,
    wilson,
)

proportions = st.integers(1, 5000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count)))


def approximately(low: float, high: float) -> object:
    return pytest.approx((low, high), abs=5e-4)


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def test_wilson_gives_the_example_of_newcombe() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    assert ends(wilson(81, 263)) == approximately(0.2553, 0.3662)
    assert ends(wilson(15, 148)) == approximately(0.0624, 0.1605)
    assert ends(wilson(0, 20)) == approximately(0.0, 0.1611)
    assert ends(wilson(1, 29)) == approximately(0.0061, 0.1718)


@given(proportions)
def test_wilson_lies_in_0_to_1_and_holds_the_share(proportion: tuple[int, int]) -> None:
    interval = wilson(*proportion)
    assert 0 <= interval.low <= proportion[0] / proportion[1] <= interval.high <= 1


def test_wilson_of_nothing_is_not_known() -> None:
    assert math.isnan(wilson(0, 0).low)


def test_the_difference_gives_the_example_of_newcombe() -> None:
    # Newcombe 1998 (differences), table II, (a): 56/70 against 48/80, method 10.
    assert ends(difference((56, 70), (48, 80))) == approximately(0.0524, 0.3339)


@given(proportions, proportions)
def test_a_difference_holds_itself_and_turns_over(first: tuple[int, int], second: tuple[int, int]) -> None:
    there, back = difference(first, second), difference(second, first)
    assert there.holds(first[0] / first[1] - second[0] / second[1])
    assert ends(there) == pytest.approx((-back.high, -back.low))


@given(proportions)
def test_the_mean_of_one_proportion_has_its_interval(proportion: tuple[int, int]) -> None:
    assert ends(mean_of_proportions([proportion])) == pytest.approx(ends(wilson(*proportion)))


def test_the_mean_of_two_proportions_is_known_better_than_either() -> None:
    mean, single = mean_of_proportions([(80, 100), (80, 100)]), wilson(80, 100)
    assert mean.high - mean.low == pytest.approx((single.high - single.low) / math.sqrt(2))


@given(st.integers(0, 1000), st.integers(1, 500), st.integers(1, 500))
def test_the_interval_of_an_auc_lies_in_0_to_1_and_holds_it(thousandths: int, positives: int, negatives: int) -> None:
    auc = thousandths / 1000
    interval = auc_interval(auc, positives, negatives)
    assert 0 <= interval.low <= auc + 1e-9
    assert auc - 1e-9 <= interval.high <= 1


def test_the_interval_of_an_auc_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    # Normal scores one standard deviation apart: the area is Phi(1 / sqrt 2).
    truth, positive = 0.76025, np.arange(150) < 50
    held = 0
    for _ in range(200):
        scores = rng.normal(size=150) + positive
        held += auc_interval(metrics.auc(scores, positive), 50, 100).holds(truth)
    assert held >= 180


def test_the_interval_of_a_mean_auc_is_near_that_of_one() -> None:
    rng = np.random.default_rng(4)
    positive = np.arange(2000) < 800
    scores = rng.normal(size=2000) + positive
    area = metrics.auc(scores, positive)
    by_influence = mean_auc_interval(area, metrics.auc_influence(scores, positive), 800)
    assert ends(by_influence) == pytest.approx(ends(auc_interval(area, 800, 1200)), abs=0.005)


def test_a_perfect_mean_auc_still_has_an_interval() -> None:
    assert mean_auc_interval(1.0, np.zeros(100), 10).low < 0.95


def test_resampled_counts_have_the_faces_of_the_counts_and_never_fill_an_empty_cell() -> None:
    counts = np.array([[8, 2, 0], [0, 3, 2]])
    drawn = resampled_counts(counts, repeats=50)
    assert drawn.shape == (50, 2, 3)
    assert (drawn.sum(axis=(1, 2)) == 15).all()
    assert not drawn[:, 0, 2].any()


def test_resampled_weights_draw_as_many_faces_as_there_are() -> None:
    weights = resampled_weights(30)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.mean(axis=0).tolist() == pytest.approx([1.0] * 30, abs=0.2)


def test_the_bootstrap_is_the_same_each_time() -> None:
    counts = np.array([[8, 2, 0], [0, 3, 2]])
    assert (resampled_counts(counts) == resampled_counts(counts)).all()
    assert (resampled_weights(10) == resampled_weights(10)).all()


def test_the_bootstrap_of_a_share_is_near_its_formula() -> None:
    counts = np.array([[400, 100, 0]])
    drawn = metrics.accuracy(resampled_counts(counts))
    assert ends(percentile_interval(0.8, drawn)) == pytest.approx(ends(wilson(400, 500)), abs=0.01)


def test_a_percentile_interval_holds_the_figure_and_leaves_out_what_is_not_known() -> None:
    interval = percentile_interval(0.1, np.array([0.5, math.nan, 0.6]))
    assert interval.low == 0.1
    assert 0.5 < interval.high <= 0.6
    assert math.isnan(percentile_interval(0.1, np.array([math.nan])).low)
