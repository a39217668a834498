"""What would balance the classes: a weight for each, or how many faces to draw of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faceannot.balance.counts import AXES, Axis, Count, count, trained_on
from faceannot.balance.entries import Entry


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """`weight`: for the loss. `undersampled`, `oversampled`: faces to draw of the class's `count`."""

    name: str
    count: int
    weight: float
    undersampled: int
    oversampled: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How to balance one axis; `split` says what was counted. Empty classes cannot be balanced and are left out."""

    axis: Axis
    split: str
    classes: tuple[ClassPlan, ...]


def plans(entries: Sequence[Entry]) -> tuple[Plan, ...]:
    """A plan for each axis on which the faces that a network would learn from have two classes or more."""
    split, training = trained_on(entries)
    made = (Plan(axis, split, balance(count(training, axis))) for axis in AXES)
    return tuple(plan for plan in made if len(plan.classes) > 1)


def balance(counted: Count) -> tuple[ClassPlan, ...]:
    """Weights and sampling counts of the classes that are not empty.

    A weight is faces / (classes * faces of the class): each class then weighs the same, and a face 1 on average.
    Undersampling draws as many of each class as the smallest has, oversampling as many as the largest.
    """
    sizes = {name: size for name, size in counted.classes.items() if size}
    return tuple(
        ClassPlan(
            name=name,
            count=size,
            weight=sum(sizes.values()) / (len(sizes) * size),
            undersampled=min(sizes.values()),
            oversampled=max(sizes.values()),
        )
        for name, size in sizes.items()
    )
