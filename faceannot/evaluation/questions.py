"""What is asked of each face - gender, happy or sad, the expression, the label - and how it was answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceannot.evaluation.judged import UNKNOWN, Judged
from faceannot.evaluation.metrics import LOST, confusion
from faceannot.records import EXPRESSIONS, GENDERS, LABELS

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Below that people read gender off a face unreliably, and the networks are not meant for it: reported apart.
GROWN_UP = 20
HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")
# Scores that differ by no more than rounding are even.
_EVEN = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """One question, put to the faces whose answer is known.

    `rows`: which faces of the judged ones (m). `truth` (m): place of the true class in `classes`. `scores` (m, k):
    probabilities, 0 for lost faces. `lost`, `unsure` (m): whether there is no answer, and whether it is flagged.
    """

    key: str
    title: str
    classes: tuple[str, ...]
    rows: IntArray
    truth: IntArray
    scores: FloatArray
    lost: BoolArray
    unsure: BoolArray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def said(self) -> IntArray:
        """Place of the class that was said, `LOST` for a lost face."""
        return np.where(self.lost, LOST, self.scores.argmax(axis=1))

    @property
    def right(self) -> BoolArray:
        """Whether the answer is right, which it never is for a lost face."""
        return np.asarray(self.said == self.truth)

    @property
    def confidence(self) -> FloatArray:
        """Score of the class that was said, 0..1."""
        return np.asarray(self.scores.max(axis=1, initial=0.0))

    @property
    def counts(self) -> IntArray:
        """The confusion matrix (k, k + 1), lost faces in the last column."""
        return confusion(self.truth, self.said, len(self.classes))


@dataclass(frozen=True, slots=True)
class _Question:
    """`truth` gives the true class or `UNKNOWN` for each face, `scores` the probabilities of the classes.

    `needs`: what the model has to tell apart, of `gender`, `emotion` and `expression`.
    """

    key: str
    title: str
    classes: tuple[str, ...]
    truth: Callable[[Judged], IntArray]
    scores: Callable[[Judged], FloatArray]
    needs: frozenset[str]


def ask(judged: Judged, unsure_threshold: float) -> list[Answers]:
    """The answers to each question that at least one face can be judged by, and that the model has answers to."""
    flagged = is_unsure(judged, unsure_threshold)
    knows = _told_apart(judged)
    answers = (_answers(question, judged, flagged) for question in _QUESTIONS if question.needs <= knows)
    return [one for one in answers if len(one)]


def happiness(judged: Judged) -> FloatArray:
    """P(happy) of happy against sad (n); 0.5 where both are 0."""
    both = judged.expressions[:, HAPPY] + judged.expressions[:, SAD]
    return np.asarray(np.divide(judged.expressions[:, HAPPY], both, out=np.full(len(judged), 0.5), where=both > 0))


def label_score(judged: Judged) -> FloatArray:
    """Score of the label that a face gets (n): of its gender times of its emotion."""
    happy = happiness(judged)
    return np.asarray(judged.genders.max(axis=1) * np.maximum(happy, 1 - happy))


def is_unsure(judged: Judged, threshold: float) -> BoolArray:
    """The flag of the table: the label's score is below `threshold`, or the expression neither happy nor sad."""
    return (label_score(judged) < threshold) | ~np.isin(judged.expressions.argmax(axis=1), (HAPPY, SAD))


def _told_apart(judged: Judged) -> frozenset[str]:
    """What the scores of the faces found are not even in: a model without an answer gives all of its classes the same.

    All three where no face was found.
    """
    found = judged.only(~judged.lost)
    others = np.delete(found.expressions, (HAPPY, SAD), axis=1)
    scores = {"gender": found.genders, "emotion": found.expressions[:, (HAPPY, SAD)], "expression": others}
    return frozenset(name for name, part in scores.items() if not len(part) or np.ptp(part, axis=1).max() > _EVEN)


def _answers(question: _Question, judged: Judged, flagged: BoolArray) -> Answers:
    truth = question.truth(judged)
    rows = np.flatnonzero(truth != UNKNOWN)
    scores = np.where(judged.lost[:, None], 0.0, question.scores(judged))
    return Answers(
        key=question.key,
        title=question.title,
        classes=question.classes,
        rows=rows,
        truth=truth[rows],
        scores=scores[rows],
        lost=judged.lost[rows],
        unsure=(flagged & ~judged.lost)[rows],
    )


def _is_child(judged: Judged) -> BoolArray:
    return np.asarray((judged.age != UNKNOWN) & (judged.age < GROWN_UP))


def _grown_up_gender(judged: Judged) -> IntArray:
    return np.where(_is_child(judged), UNKNOWN, judged.gender)


def _child_gender(judged: Judged) -> IntArray:
    return np.where(_is_child(judged), judged.gender, UNKNOWN)


def _emotion(judged: Judged) -> IntArray:
    return np.select([judged.expression == HAPPY, judged.expression == SAD], [0, 1], UNKNOWN)


def _emotion_scores(judged: Judged) -> FloatArray:
    happy = happiness(judged)
    return np.stack([happy, 1 - happy], axis=1)


def _label(judged: Judged) -> IntArray:
    emotion = _emotion(judged)
    known = (emotion != UNKNOWN) & (judged.gender != UNKNOWN)
    return np.where(known, emotion * len(GENDERS) + judged.gender, UNKNOWN)


def _label_scores(judged: Judged) -> FloatArray:
    """Of `LABELS`, whose order is emotion by emotion, and in each gender by gender."""
    pairs = _emotion_scores(judged)[:, :, None] * judged.genders[:, None, :]
    return pairs.reshape(len(judged), len(LABELS))


_GENDER, _EMOTION, _EXPRESSION = frozenset({"gender"}), frozenset({"emotion"}), frozenset({"expression"})
_QUESTIONS = (
    _Question("gender", "gender, 20 and over", GENDERS, _grown_up_gender, lambda j: j.genders, _GENDER),
    _Question("gender-under-20", "gender, under 20", GENDERS, _child_gender, lambda j: j.genders, _GENDER),
    _Question("emotion", "happy or sad", ("happy", "sad"), _emotion, _emotion_scores, _EMOTION),
    _Question(
        "expression", "seven expressions", EXPRESSIONS, lambda j: j.expression, lambda j: j.expressions, _EXPRESSION
    ),
    _Question("label", "four labels", LABELS, _label, _label_scores, _GENDER | _EMOTION),
)
# Key to title of each question, in the order in which they are put.
TITLES = {question.key: question.title for question in _QUESTIONS}
