"""The questions that are put to faces, and who is asked."""

from __future__ import annotations

import numpy as np
import pytest

from faceannot.evaluation.judged import Judged
from faceannot.evaluation.questions import Answers, ask, is_unsure
from faceannot.records import EXPRESSIONS, LABELS, Scores
from tests.evaluation.conftest import table


def asked(judged: Judged) -> dict[str, Answers]:
    return {answers.key: answers for answers in ask(judged, 0.5)}


def test_gender_is_asked_of_grown_ups_and_of_those_of_unknown_age_and_children_apart() -> None:
    answers = asked(table([0, 1, 1, 0], [0.1, 0.9, 0.9, 0.1], ages=[19, 20, -1, 3]))
    assert answers["gender"].rows.tolist() == [1, 2]
    assert answers["gender-under-20"].rows.tolist() == [0, 3]


def test_a_question_that_nobody_can_be_judged_by_is_left_out() -> None:
    assert list(asked(table([0, 1], [0.1, 0.9]))) == ["gender"]
    assert list(asked(table([-1], [0.5], expressions=[0], scores=[[0.1, 0.2, 0.4, 0.3, 0, 0, 0]]))) == ["expression"]


@pytest.mark.parametrize(
    ("female", "scores", "keys"),
    [
        (0.9, [1 / 7] * 7, ["gender"]),
        (0.5, [0, 0.9, 0.1, 0, 0, 0, 0], ["emotion"]),
        (0.9, [0, 0.9, 0.1, 0, 0, 0, 0], ["gender", "emotion", "label"]),
        (0.9, [0.1, 0.5, 0.1, 0.1, 0.1, 0.05, 0.05], ["gender", "emotion", "expression", "label"]),
    ],
)
def test_a_question_that_the_model_has_no_answer_to_is_left_out(
    female: float, scores: list[float], keys: list[str]
) -> None:
    judged = table([1, 1], [female, 0.5], expressions=[1, 2], scores=[scores, [1 / 7] * 7])
    assert list(asked(judged)) == keys


def test_no_face_found_is_no_answer_known_and_all_wrong() -> None:
    answers = asked(table([0, 1], [0.5, 0.5], lost=[True, True]))
    assert answers["gender"].right.tolist() == [False, False]


def test_happy_or_sad_is_asked_of_happy_and_sad_faces_alone() -> None:
    judged = table([-1] * 3, [0.5] * 3, expressions=[1, 2, 0], scores=[[0, 0.1, 0.4, 0.5, 0, 0, 0]] * 3)
    answers = asked(judged)["emotion"]
    assert answers.rows.tolist() == [0, 1]
    assert answers.truth.tolist() == [0, 1]
    assert answers.scores[0].tolist() == pytest.approx([0.2, 0.8])
    assert answers.right.tolist() == [False, True]


@pytest.mark.parametrize("place", range(4))
def test_the_four_labels_are_those_of_the_table(place: int) -> None:
    gender, emotion = place % 2, place // 2
    expressions = np.eye(len(EXPRESSIONS))[1 + emotion] * 0.7 + 0.3 / 7
    judged = table([gender], [0.2 + 0.6 * gender], expressions=[1 + emotion], scores=[expressions.tolist()])
    answers = asked(judged)["label"]
    scores = Scores(
        {"male": judged.genders[0, 0], "female": judged.genders[0, 1]},
        dict(zip(EXPRESSIONS, expressions.tolist(), strict=True)),
    )
    assert answers.classes[answers.said[0]] == scores.label == LABELS[place]
    assert answers.confidence[0] == pytest.approx(scores.label_score)
    assert answers.right.all()


def test_a_lost_face_is_wrong_and_not_unsure() -> None:
    answers = asked(table([0, 1], [0.1, 0.9], lost=[True, False]))["gender"]
    assert answers.right.tolist() == [False, True]
    assert answers.unsure.tolist() == [False, False]
    assert answers.counts.tolist() == [[0, 0, 1], [0, 1, 0]]


def test_the_flag_is_that_of_the_table(judged: Judged) -> None:
    found = judged.only(~judged.lost)
    happy = found.expressions[:, 1] / (found.expressions[:, 1] + found.expressions[:, 2])
    score = found.genders.max(axis=1) * np.maximum(happy, 1 - happy)
    likeliest = found.expressions.argmax(axis=1)
    assert is_unsure(found, 0.99).tolist() == ((score < 0.99) | (likeliest == 0)).tolist()
    assert is_unsure(table([0], [0.1], scores=[[0.5, 0.4, 0.1, 0, 0, 0, 0]]), 0.0).tolist() == [True]
