"""The words for labels and splits that people use in names of folders and in tables."""

from __future__ import annotations

from typing import NamedTuple

from faceannot.datasets.example import Split
from faceannot.records import Emotion, Expression, Gender

SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
GENDERS: dict[str, Gender] = {
    "male": "male",
    "man": "male",
    "men": "male",
    "female": "female",
    "woman": "female",
    "women": "female",
}
EMOTIONS: dict[str, Emotion] = {"happy": "happy", "sad": "sad"}
EXPRESSIONS: dict[str, Expression] = {
    "neutral": "neutral",
    "happy": "happy",
    "happiness": "happy",
    "sad": "sad",
    "sadness": "sad",
    "surprise": "surprise",
    "surprised": "surprise",
    "fear": "fear",
    "fearful": "fear",
    "disgust": "disgust",
    "disgusted": "disgust",
    "anger": "anger",
    "angry": "anger",
}


class Labels(NamedTuple):
    """What a name says; None where it says nothing."""

    gender: Gender | None = None
    expression: Expression | None = None


LABELS: dict[str, Labels] = {
    **{word: Labels(gender=gender) for word, gender in GENDERS.items()},
    **{word: Labels(expression=expression) for word, expression in EXPRESSIONS.items()},
    "happymale": Labels("male", "happy"),
    "happyfemale": Labels("female", "happy"),
    "sadmale": Labels("male", "sad"),
    "sadfemale": Labels("female", "sad"),
}


def plain(name: str) -> str:
    """A folder's name as the tables above have it: `Happy_Male` and `happy-male` are `happymale`."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")
