"""For whom it works: how often answers are right by gender, age, ethnicity, group and face size, worst first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceannot.evaluation.intervals import Interval, difference, wilson
from faceannot.evaluation.judged import Judged
from faceannot.evaluation.questions import HAPPY, SAD, Answers

AGES = ((0, 9), (10, 19), (20, 29), (30, 49), (50, 69), (70, 199))
SIDES_PX = ((1, 31), (32, 47), (48, 63), (64, 95), (96, 159), (160, 99999))
# With fewer faces a group's share says next to nothing, and it would be the worst one by chance.
FEWEST_FACES = 30

BY_GENDER, BY_GENDER_AND_EMOTION = "gender", "gender and emotion"
# What is added to a division by genders that people did not say.
GUESSED = ", by a model"

# In the order of `GENDERS`; other questions are put to children and grown-ups alike.
_WORDS = {"gender": ("men", "women"), "gender-under-20": ("boys", "girls")}

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Group:
    """Some faces that have something in common; `accuracy` 0..1 with its interval."""

    name: str
    faces: int
    right: int
    lost: int
    accuracy: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest difference of accuracy between two groups of enough faces."""

    worst: str
    best: str
    difference: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to divide the faces; `groups` from worst to best."""

    name: str
    groups: tuple[Group, ...]
    gap: Gap | None


def dimensions(judged: Judged, answers: Answers) -> tuple[Dimension, ...]:
    """Each way to divide the faces of `answers` that gives two groups or more."""
    found = (_dimension(name, list(parts), answers) for name, parts in _divisions(judged, answers))
    return tuple(one for one in found if len(one.groups) > 1)


def _dimension(name: str, parts: list[tuple[str, BoolArray]], answers: Answers) -> Dimension:
    groups = [_group(part, chosen, answers) for part, chosen in parts if chosen.any()]
    groups.sort(key=lambda group: (group.accuracy, -group.faces))
    return Dimension(name, tuple(groups), _gap(groups))


def _group(name: str, chosen: BoolArray, answers: Answers) -> Group:
    faces, right = int(chosen.sum()), int(answers.right[chosen].sum())
    return Group(name, faces, right, int(answers.lost[chosen].sum()), right / faces, wilson(right, faces))


def _gap(groups: list[Group]) -> Gap | None:
    large = [group for group in groups if group.faces >= FEWEST_FACES]
    if len(large) < 2:
        return None
    worst, best = large[0], large[-1]
    interval = difference((best.right, best.faces), (worst.right, worst.faces))
    return Gap(worst.name, best.name, best.accuracy - worst.accuracy, interval)


def _divisions(judged: Judged, answers: Answers) -> Iterator[tuple[str, Iterator[tuple[str, BoolArray]]]]:
    rows = answers.rows
    gender, age, ethnicity = judged.gender[rows], judged.age[rows], judged.ethnicity[rows]
    names = _WORDS.get(answers.key, ("male", "female"))
    yield BY_GENDER, _by_gender(gender, names)
    yield BY_GENDER_AND_EMOTION, _by_gender_and_emotion(gender, judged.expression[rows], answers)
    if judged.guessed_gender is not None:
        guessed = judged.guessed_gender[rows]
        yield BY_GENDER + GUESSED, _by_gender(guessed, names)
        yield BY_GENDER_AND_EMOTION + GUESSED, _by_gender_and_emotion(guessed, judged.expression[rows], answers)
    yield "age", ((span, inside) for span, inside in _by_span(age, AGES))
    yield (
        "gender and age",
        (
            (f"{who} of {span}", chosen & inside)
            for span, inside in _by_span(age, AGES)
            for who, chosen in _by_gender(gender, names)
        ),
    )
    yield "ethnicity", _by_name(ethnicity)
    yield "group", _by_name(judged.group[rows])
    # A lost face has no box, so it is in none of these groups.
    yield "face size", ((f"{span} px", inside) for span, inside in _by_span(judged.side_px[rows], SIDES_PX))


def _by_gender(gender: NDArray[np.int64], names: tuple[str, str]) -> Iterator[tuple[str, BoolArray]]:
    for place, name in enumerate(names):
        yield name, gender == place


def _by_name(names: NDArray[np.str_]) -> Iterator[tuple[str, BoolArray]]:
    for name in np.unique(names):
        if name:
            yield str(name), names == name


def _by_gender_and_emotion(
    gender: NDArray[np.int64], expression: NDArray[np.int64], answers: Answers
) -> Iterator[tuple[str, BoolArray]]:
    """Of happy against sad alone; the four labels are this division themselves."""
    if answers.key == "emotion":
        for name, emotion in (("happy", HAPPY), ("sad", SAD)):
            for who, chosen in _by_gender(gender, ("male", "female")):
                yield f"{name} {who}", chosen & (expression == emotion)


def _by_span(
    values: NDArray[np.int64] | NDArray[np.float64], spans: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, BoolArray]]:
    for low, high in spans:
        name = f"{low} and over" if high == spans[-1][1] else f"{low} to {high}"
        # A box of 31.5 pixels belongs to those of 31.
        yield name, (values >= low) & (values < high + 1)
