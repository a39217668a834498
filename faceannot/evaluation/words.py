"""Figures as people read them: per cent with one decimal, areas and errors with three, each with its interval."""

from __future__ import annotations

import math

from faceannot.evaluation.figures import Figure
from faceannot.evaluation.intervals import Interval

NOTHING = "-"
_SMALL = ("auc", "ece")


def per_cent(value: float, interval: Interval | None = None) -> str:
    """`94.3 (93.6 to 95.0)`, in per cent."""
    return _shown(100 * value, 1, interval and Interval(100 * interval.low, 100 * interval.high))


def figure(one: Figure) -> str:
    """A figure with its interval, in the unit that people use for it."""
    return _shown(one.value, 3, one.interval) if one.key in _SMALL else per_cent(one.value, one.interval)


def exact(value: float) -> str:
    """With as many of four decimals as it has: a number of faces has none."""
    return NOTHING if math.isnan(value) else f"{value:.4f}".rstrip("0").rstrip(".")


def exact_interval(interval: Interval) -> str:
    """`0.9312 to 0.95`."""
    return NOTHING if math.isnan(interval.low) else f"{exact(interval.low)} to {exact(interval.high)}"


def short_hash(sha256: str) -> str:
    """The first twelve digits."""
    return sha256[:12]


def _shown(value: float, decimals: int, interval: Interval | None) -> str:
    if math.isnan(value):
        return NOTHING
    shown = _rounded(value, decimals)
    if interval is None or math.isnan(interval.low):
        return shown
    return f"{shown} ({_rounded(interval.low, decimals)} to {_rounded(interval.high, decimals)})"


def _rounded(value: float, decimals: int) -> str:
    # A small negative number would be shown as -0.0.
    return f"{round(value, decimals) + 0.0:.{decimals}f}"
