"""Plots put values where they belong, with names on their axes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from faceannot.evaluation.svg import Axis, Row, Series, plot, rows


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)


def test_a_higher_value_lies_higher_and_a_larger_one_to_the_right() -> None:
    drawn = parsed(plot("p", Axis("x"), Axis("y"), [Series("a", ((0.0, 0.0), (1.0, 1.0)), "points")]))
    first, last = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in drawn.iter("circle")][:2]
    assert first[0] < last[0]
    assert first[1] > last[1]


def test_axes_and_series_are_named() -> None:
    drawn = parsed(plot("the title", Axis("across"), Axis("up"), [Series("one <line>", ((0.1, 0.2),))]))
    words = ["".join(text.itertext()) for text in drawn.iter("text")]
    assert {"across", "up", "one <line>"} <= set(words)
    assert drawn.findtext("title") == "the title"


def test_a_value_outside_an_axis_stays_on_the_plot() -> None:
    drawn = parsed(plot("p", Axis("x"), Axis("y", low=0.5), [Series("a", ((0.5, 0.1),), "points")]))
    dot = next(drawn.iter("circle"))
    assert 0 < float(dot.get("cy", "")) < float(drawn.get("height", ""))


def test_each_row_has_its_name_its_interval_and_its_note() -> None:
    entries = [Row("women", 0.9, 0.8, 0.95, "90.0 of 120"), Row("men", 0.95, 0.9, 0.99, "95.0 of 130")]
    drawn = parsed(rows("groups", entries, Axis("right", low=0.5)))
    words = ["".join(text.itertext()) for text in drawn.iter("text")]
    assert words.index("women") < words.index("men")
    assert "90.0 of 120" in words
    dots = [float(dot.get("cx", "")) for dot in drawn.iter("circle")]
    assert dots[0] < dots[1]


@pytest.mark.parametrize("low", [0.0, 0.3, 0.5, 0.8, 0.9, 0.95])
def test_ticks_are_few_round_numbers_inside_the_axis(low: float) -> None:
    ticks = Axis("x", low).ticks()
    assert 3 <= len(ticks) <= 7
    assert ticks[0] >= low
    assert ticks[-1] == 1.0
    assert all(round(100 * tick, 6).is_integer() for tick in ticks)
