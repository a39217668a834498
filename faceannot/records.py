"""The typed, frozen records that travel between the layers, and the words that every output uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Gender = Literal["male", "female"]
Emotion = Literal["happy", "sad"]
Expression = Literal["neutral", "happy", "sad", "surprise", "fear", "disgust", "anger"]
Label = Literal["HappyMale", "HappyFemale", "SadMale", "SadFemale"]

GENDERS: tuple[Gender, ...] = ("male", "female")
EXPRESSIONS: tuple[Expression, ...] = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger")
LABELS: tuple[Label, ...] = ("HappyMale", "HappyFemale", "SadMale", "SadFemale")
LABEL_OF: dict[tuple[Emotion, Gender], Label] = {
    ("happy", "male"): "HappyMale",
    ("happy", "female"): "HappyFemale",
    ("sad", "male"): "SadMale",
    ("sad", "female"): "SadFemale",
}

Point = tuple[float, float]
Landmarks = tuple[Point, Point, Point, Point, Point]


class Status(StrEnum):
    """What became of a photo."""

    OK = "ok"
    NO_FACE = "no_face"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Box:
    """A face's box in pixels of the upright photo at full size, inside the picture."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Scores:
    """What the classifier says of one face: `genders` and `expressions` are probabilities that each sum to 1."""

    genders: dict[Gender, float]
    expressions: dict[Expression, float]

    @property
    def gender(self) -> Gender:
        """The likelier gender, as people would read it off the picture."""
        return max(GENDERS, key=self.genders.__getitem__)

    @property
    def gender_score(self) -> float:
        return self.genders[self.gender]

    @property
    def expression(self) -> Expression:
        """The likeliest of the seven expressions."""
        return max(EXPRESSIONS, key=self.expressions.__getitem__)

    @property
    def expression_score(self) -> float:
        return self.expressions[self.expression]

    @property
    def happiness(self) -> float:
        """P(happy) of happy against sad: h / (h + s); 0.5 when both are 0."""
        both = self.expressions["happy"] + self.expressions["sad"]
        return self.expressions["happy"] / both if both else 0.5

    @property
    def emotion(self) -> Emotion:
        return "happy" if self.happiness >= 0.5 else "sad"

    @property
    def emotion_score(self) -> float:
        return max(self.happiness, 1.0 - self.happiness)

    @property
    def label(self) -> Label:
        """Gender and emotion together, one of `LABELS`."""
        return LABEL_OF[self.emotion, self.gender]

    @property
    def label_score(self) -> float:
        """Product of gender and emotion score."""
        return self.gender_score * self.emotion_score


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a photo.

    `number`: 1, 2, ... from left to right. `detection`: how surely this is a face, 0..1: what detector and verifier of
    the bundle say together, or a detector alone. `landmarks`: the eyes, the nose tip, the mouth corners, each pair left
    to right as the face is upright, in pixels of the upright photo at full size.
    `unsure`: the label's score is below the threshold, or the expression is neither happy nor sad.
    """

    number: int
    box: Box
    landmarks: Landmarks
    detection: float
    scores: Scores
    unsure: bool


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What faceannot says of one photo.

    `path`: as it was given, or relative to the folder that was given. `photo_width`, `photo_height`: pixels of the
    upright photo at full size, None where it could not be read. `error`: the reason, for `Status.ERROR` alone.
    """

    path: str
    status: Status
    faces: tuple[Face, ...] = ()
    photo_width: int | None = None
    photo_height: int | None = None
    error: str | None = None
