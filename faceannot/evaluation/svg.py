"""Draws the report's plots as SVG text: lines and points on labelled axes, and rows of shares with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from faceannot.outputs.palette import BLUE, GREEN, PURPLE, RED

# One after the other for the series of a plot.
COLOURS = (BLUE, RED, GREEN, PURPLE)
_GRID, _INK, _QUIET = "#e3e6ea", "#20242a", "#5c6570"
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 12, 24, 46


@dataclass(frozen=True, slots=True)
class Series:
    """Points (x, y) of one line, with what the legend says; `style`: joined, or points alone, or a dashed guide."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: Literal["line", "points", "guide"] = "line"


@dataclass(frozen=True, slots=True)
class Axis:
    """Name and range of an axis of shares, shown as per cent."""

    name: str
    low: float = 0.0
    high: float = 1.0

    def ticks(self) -> list[float]:
        """About five round numbers inside the range."""
        span = self.high - self.low
        step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if span / step <= 6)
        first = round(self.low / step + 0.499)
        return [round(step * count, 6) for count in range(first, int(self.high / step + 1e-6) + 1)]


@dataclass(frozen=True, slots=True)
class Row:
    """A named share with its interval; `note` stands at the right end, a `faint` row rests on few faces."""

    name: str
    value: float
    low: float
    high: float
    note: str
    faint: bool = False


def plot(title: str, x: Axis, y: Axis, series: Sequence[Series], size: tuple[int, int] = (470, 300)) -> str:
    """An SVG with `series` on axes, a legend below them, and `title` for screen readers."""
    width, height = size
    parts = [*_grid(x, y, size)]
    for number, one in enumerate(series):
        points = [_place(point, x, y, size) for point in one.points]
        parts += _drawn(points, one.style, COLOURS[number % len(COLOURS)])
        parts.append(_legend(one, number, height))
    return _svg(title, width, height + 18 * len(series), parts)


def rows(title: str, entries: Sequence[Row], axis: Axis, width: int = 540, names_px: int = 152) -> str:
    """An SVG with one line for each of `entries`: its name, a dot with its interval, and its note."""
    left, right, line = names_px, 185, 21
    height = _TOP + line * len(entries) + 34

    def across(value: float) -> float:
        share = (min(max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)
        return left + share * (width - left - right)

    bottom = _TOP + line * len(entries)
    parts = [_line(across(tick), _TOP, across(tick), bottom, _GRID) for tick in axis.ticks()]
    parts += [_text(across(tick), bottom + 15, _per_cent(tick), "middle", _QUIET) for tick in axis.ticks()]
    parts.append(_text((left + width - right) / 2, bottom + 30, axis.name, "middle", _QUIET))
    for number, row in enumerate(entries):
        middle = _TOP + line * number + line / 2
        colour = _QUIET if row.faint else COLOURS[0]
        parts.append(_text(left - 10, middle + 4, row.name, "end", _QUIET if row.faint else _INK))
        parts.append(_line(across(row.low), middle, across(row.high), middle, colour, 2))
        parts.append(f'<circle cx="{across(row.value):.1f}" cy="{middle:.1f}" r="4.5" fill="{colour}"/>')
        parts.append(_text(width - right + 12, middle + 4, row.note, "start", _QUIET))
    return _svg(title, width, height, parts)


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    return f"{head}<title>{escape(title)}</title>{''.join(parts)}</svg>"


def _place(point: tuple[float, float], x: Axis, y: Axis, size: tuple[int, int]) -> tuple[float, float]:
    across = (min(max(point[0], x.low), x.high) - x.low) / (x.high - x.low)
    up = (min(max(point[1], y.low), y.high) - y.low) / (y.high - y.low)
    width, height = size[0] - _LEFT - _RIGHT, size[1] - _TOP - _BOTTOM
    return _LEFT + across * width, size[1] - _BOTTOM - up * height


def _grid(x: Axis, y: Axis, size: tuple[int, int]) -> list[str]:
    width, height = size
    left, bottom = _LEFT, height - _BOTTOM
    parts = []
    for tick in x.ticks():
        place = _place((tick, y.low), x, y, size)[0]
        parts += [
            _line(place, _TOP, place, bottom, _GRID),
            _text(place, bottom + 16, _per_cent(tick), "middle", _QUIET),
        ]
    for tick in y.ticks():
        place = _place((x.low, tick), x, y, size)[1]
        parts += [
            _line(left, place, width - _RIGHT, place, _GRID),
            _text(left - 6, place + 4, _per_cent(tick), "end", _QUIET),
        ]
    parts.append(_text((left + width - _RIGHT) / 2, height - 10, x.name, "middle", _INK))
    middle = (_TOP + bottom) / 2
    parts.append(f'<g transform="rotate(-90 13 {middle})">{_text(13, middle, y.name, "middle", _INK)}</g>')
    return parts


def _drawn(points: Sequence[tuple[float, float]], style: str, colour: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    if style == "guide":
        return [f'<polyline points="{path}" fill="none" stroke="{_QUIET}" stroke-dasharray="5 4"/>']
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    if style == "line":
        return [line]
    return [line, *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points)]


def _legend(one: Series, number: int, height: int) -> str:
    y = height + 18 * number + 6
    mark = [(_LEFT, y - 4.0), (_LEFT + 28.0, y - 4.0)]
    return "".join(_drawn(mark, one.style, COLOURS[number % len(COLOURS)])) + _text(
        _LEFT + 36, y, one.name, "start", _INK
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: int = 1) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _per_cent(share: float) -> str:
    return f"{100 * share:.0f} %"
