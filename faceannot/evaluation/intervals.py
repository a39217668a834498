"""95 % intervals of the figures: by formula where there is one, by a seeded bootstrap where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# The normal quantile that leaves 2.5 % on either side.
Z = 1.959963984540054
SEED = 20261121
REPEATS = 1000
# What the bootstrap of single faces may hold at once; large sets, whose figures vary little, repeat less often.
_MOST_WEIGHTS = 4_000_000
_FEWEST_REPEATS = 200


@dataclass(frozen=True, slots=True)
class Interval:
    """A range that holds the true value in 95 of 100 such samples; NaN where nothing is known."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


UNKNOWN = Interval(math.nan, math.nan)


def wilson(successes: float, count: float) -> Interval:
    """Interval of the proportion `successes / count` (Wilson 1927)."""
    if count <= 0:
        return UNKNOWN
    share, square = successes / count, Z * Z
    centre = (share + square / (2 * count)) / (1 + square / count)
    half = Z / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    # Rounding must not put a share of exactly 0 or 1 outside.
    return Interval(min(max(0.0, centre - half), share), max(min(1.0, centre + half), share))


def difference(better: tuple[float, float], worse: tuple[float, float]) -> Interval:
    """Interval of the difference of two independent proportions, each (successes, count) (Newcombe 1998, method 10)."""
    (a, m), (b, n) = better, worse
    if m <= 0 or n <= 0:
        return UNKNOWN
    first, second, p, q = wilson(a, m), wilson(b, n), a / m, b / n
    down = math.hypot(p - first.low, second.high - q)
    up = math.hypot(first.high - p, q - second.low)
    return Interval(p - q - down, p - q + up)


def mean_of_proportions(parts: Sequence[tuple[float, float]]) -> Interval:
    """Interval of the mean of independent proportions, each (successes, count), from theirs (Zou & Donner 2008)."""
    if not parts:
        return UNKNOWN
    shares = [successes / count for successes, count in parts]
    each = [wilson(successes, count) for successes, count in parts]
    mean, k = sum(shares) / len(parts), len(parts)
    down = math.sqrt(sum((share - one.low) ** 2 for share, one in zip(shares, each, strict=True))) / k
    up = math.sqrt(sum((one.high - share) ** 2 for share, one in zip(shares, each, strict=True))) / k
    return Interval(max(0.0, mean - down), min(1.0, mean + up))


def auc_interval(auc: float, positives: int, negatives: int) -> Interval:
    """Interval of an area under the ROC curve: Wilson's idea, Hanley & McNeil's variance (Newcombe 2006, method 5)."""
    if not positives or not negatives or math.isnan(auc):
        return UNKNOWN

    def too_far(candidate: float) -> bool:
        half = (positives + negatives) / 2 - 1
        spread = 1 + half * (1 - candidate) / (2 - candidate) + half * candidate / (1 + candidate)
        return abs(auc - candidate) > Z * math.sqrt(candidate * (1 - candidate) * spread / (positives * negatives))

    return Interval(_border(0.0, auc, too_far), _border(1.0, auc, too_far))


def mean_auc_interval(mean: float, influence: FloatArray, rarest: int) -> Interval:
    """Interval of a mean of areas under the ROC curve, from how far each face pulls it (n) (Efron 1982).

    On the scale of log odds, so that it stays inside 0..1. Where all areas are 1 nothing pulls, and the interval is
    that of the class with the fewest faces, `rarest`.
    """
    if math.isnan(mean) or not 0.0 < mean < 1.0:
        return auc_interval(mean, rarest, len(influence) - rarest)
    half = Z * math.sqrt(float((influence**2).sum())) / len(influence) / (mean * (1 - mean))
    odds = math.log(mean / (1 - mean))
    return Interval(1 / (1 + math.exp(half - odds)), 1 / (1 + math.exp(-half - odds)))


def _border(outside: float, inside: float, too_far: Callable[[float], bool]) -> float:
    """Where `too_far` turns false between `outside` and `inside`, by halving."""
    for _ in range(60):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if too_far(middle) else (outside, middle)
    return inside


def resampled_counts(counts: NDArray[np.int64], repeats: int = REPEATS, seed: int = SEED) -> NDArray[np.int64]:
    """Bootstrap of a confusion matrix: (repeats, *counts.shape), each as many faces as `counts`, drawn from its cells.

    To draw faces with replacement and to count them is the same, so one multinomial draw does it.
    """
    total = int(counts.sum())
    shares = counts.ravel() / max(1, total)
    drawn = np.random.default_rng(seed).multinomial(total, shares, size=repeats)
    return drawn.reshape(repeats, *counts.shape)


def resampled_weights(count: int, seed: int = SEED) -> FloatArray:
    """Bootstrap of `count` faces: (repeats, count), how often each face was drawn, each row summing to `count`."""
    repeats = max(_FEWEST_REPEATS, min(REPEATS, _MOST_WEIGHTS // max(1, count)))
    drawn = np.random.default_rng(seed).integers(0, max(1, count), size=(repeats, count))
    flat = (drawn + np.arange(repeats)[:, None] * count).ravel()
    return np.bincount(flat, minlength=repeats * count).reshape(repeats, count).astype(np.float64)


def percentile_interval(value: float, resampled: FloatArray) -> Interval:
    """The middle 95 % of the resampled figures (Efron 1979), widened to hold the figure itself."""
    known = resampled[~np.isnan(resampled)]
    if not len(known) or math.isnan(value):
        return UNKNOWN
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(min(float(low), value), max(float(high), value))
