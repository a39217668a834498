"""A comparison has a line for each model, women beside men, and the same figures in every form."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faceannot.bundle import Bundle, load_bundle
from faceannot.evaluation.comparison import (
    Comparison,
    Entrant,
    Sheet,
    comparison,
    guessed_genders,
    with_guesses,
)
from faceannot.evaluation.comparison_page import comparison_markdown, comparison_page
from faceannot.evaluation.comparison_tables import word_tables
from faceannot.evaluation.judged import Judged
from faceannot.evaluation.report import as_json, model_report
from tests.evaluation.conftest import table
from tests.evaluation.test_report import checked

HAPPY, SAD, EVEN = [0, 0.9, 0.1, 0, 0, 0, 0], [0, 0.1, 0.9, 0, 0, 0, 0], [1 / 7] * 7
EMOTIONS = [1, 2]


@pytest.fixture(scope="module")
def loaded(bundle: Path) -> Bundle:
    return load_bundle(bundle)


def faces(female: Sequence[float], scores: Sequence[list[float]], genders: Sequence[int] = (0, 1)) -> Judged:
    """A happy man and a sad woman, forty times, and what is said of the two."""
    times = np.tile(np.arange(2), 40)
    return table(list(genders), female, expressions=EMOTIONS, scores=scores).only(times)


def entrant(bundle: Bundle, name: str, judged: Judged, training_s: float | None = None) -> Entrant:
    return Entrant(name, f"how {name} was made", 1_500_000, training_s, model_report(bundle, judged))


@pytest.fixture(scope="module")
def whole(loaded: Bundle) -> Comparison:
    """One model that is always right, one that calls every face happy, and one that knows gender alone."""
    models = [
        entrant(loaded, "right", faces([0.1, 0.9], [HAPPY, SAD])),
        entrant(loaded, "all-happy", faces([0.1, 0.9], [HAPPY, HAPPY]), 3900.0),
        entrant(loaded, "gender-alone", faces([0.1, 0.9], [EVEN, EVEN]), 42.0),
    ]
    return comparison(models, "test", "faceannot compare right", None)


def sheet(whole: Comparison, question: str) -> Sheet:
    return next(one for one in whole.sheets if one.question == question)


def test_women_stand_beside_men_with_their_intervals(whole: Comparison) -> None:
    emotion = sheet(whole, "emotion")
    places = {column.name: place for place, column in enumerate(emotion.columns)}
    assert list(places)[:4] == ["accuracy", "balanced accuracy", "female", "male"]
    cells = emotion.lines[1].cells
    women, men = cells[places["sad female"]], cells[places["male"]]
    assert women and men
    assert (women.value, men.value) == (0.0, 1.0)
    assert 0 < women.interval.high < 0.2
    gap = emotion.lines[1].gap
    assert gap
    assert (gap.gap.worst, gap.gap.best, gap.gap.difference) == ("female", "male", 1.0)


def test_a_model_without_an_answer_has_a_dash_and_no_half(whole: Comparison) -> None:
    assert set(sheet(whole, "emotion").lines[2].cells) == {None}
    (emotion,) = [one for one in word_tables(whole) if one.title == "made: happy or sad, 80 faces"]
    assert emotion.rows[2] == ("gender-alone", *["-"] * (len(emotion.head) - 1))
    assert emotion.rows[0][1].startswith("100.0 (")


def test_the_largest_gap_of_each_model_is_named(whole: Comparison) -> None:
    gaps = list(word_tables(whole))[-1]
    assert gaps.title == "made: the largest gap of each model"
    found = {row[1]: row[2:5] for row in gaps.rows if row[0] == "happy or sad"}
    assert found["all-happy"] == ("gender", "female", "male")
    assert "gender-alone" not in found


def test_the_first_table_says_how_large_each_is_and_how_long_it_was_trained(whole: Comparison) -> None:
    models = next(iter(word_tables(whole)))
    assert models.rows == (
        ("right", "how right was made", "1.5 MB", "-", "0 of 80"),
        ("all-happy", "how all-happy was made", "1.5 MB", "1 h 05 min", "0 of 80"),
        ("gender-alone", "how gender-alone was made", "1.5 MB", "42 s", "0 of 80"),
    )


def test_guesses_are_of_faces_without_a_gender_and_only_where_the_model_is_sure() -> None:
    judged = table([-1, -1, -1, 0], [0.9, 0.3, 0.1, 0.9], lost=[False, False, True, False])
    guesses = guessed_genders(judged)
    assert guesses.tolist() == [1, -1, -1, 1]
    guessed = with_guesses(judged, guesses).guessed_gender
    assert guessed is not None
    assert guessed.tolist() == [1, -1, -1, -1]


def test_guessed_genders_are_marked_and_make_no_label_true(loaded: Bundle) -> None:
    judged = faces([0.1, 0.9], [HAPPY, SAD], genders=(-1, -1))
    guessed = with_guesses(judged, guessed_genders(judged))
    whole = comparison([entrant(loaded, "one", guessed)], "test", "c", "faceannot-1")
    assert [one.question for one in whole.sheets] == ["emotion"]
    text = comparison_markdown(whole)
    assert "female, by a model (40)" in text
    assert "largest gap of each" in text


def test_of_few_faces_there_is_no_gap_and_no_table_of_gaps(loaded: Bundle) -> None:
    few = faces([0.1, 0.9], [HAPPY, SAD]).only(np.arange(4))
    whole = comparison([entrant(loaded, "one", few)], "test", "c", None)
    assert not [one.title for one in word_tables(whole) if "gap" in one.title]


def test_the_note_names_the_model_that_guessed(loaded: Bundle) -> None:
    text = comparison_markdown(
        comparison([entrant(loaded, "one", faces([0.1, 0.9], [HAPPY, SAD]))], "test", "c", "faceannot-1")
    )
    assert "what faceannot-1 takes them for, where it is at least 80 % sure" in text


def test_markdown_has_the_command_and_every_table(whole: Comparison) -> None:
    text = comparison_markdown(replace(whole, entrants=(replace(whole.entrants[0], approach="a | b"),)))
    assert "```sh\nfaceannot compare right\n```" in text
    assert "| right | a \\| b | 1.5 MB | - | 0 of 80 |" in text
    for line in text.splitlines():
        assert not line.startswith("| ---") or re.fullmatch(r"(\| ---:? )+\|", line)
    assert text.count("\n## ") == len(list(word_tables(whole)))


def test_the_page_is_whole_loads_nothing_and_shows_names_as_text(whole: Comparison) -> None:
    renamed = replace(whole, entrants=tuple(replace(one, name="<b>&") for one in whole.entrants))
    text = comparison_page(renamed)
    checker = checked(text)
    assert not checker.loaded
    assert not re.search(r"https?://|@import|url\(|<b>", text)
    assert {"faceannot compare right", "<b>&", "gender-alone", "sad female (40)"} <= set(checker.words)


def test_json_has_every_cell_and_no_nan(whole: Comparison) -> None:
    content = json.loads(json.dumps(as_json(whole), allow_nan=False))
    emotion = next(one for one in content["sheets"] if one["question"] == "emotion")
    assert emotion["lines"][2]["cells"] == [None] * len(emotion["columns"])
    assert emotion["lines"][0]["cells"][0]["value"] == 1.0
    assert content["entrants"][1]["training_s"] == 3900.0
