"""What is left out before training and measuring, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceannot.datasets import seen_genders
from faceannot.datasets.cleaning import (
    CONTRADICTED,
    COPY,
    KEPT_FOR_JUDGING,
    MISLABELLED,
    NO_LABEL,
    OUTVOTED,
    TOO_YOUNG,
    clean,
)
from faceannot.datasets.example import Example, Split, one_hot
from faceannot.datasets.splitting import split_by_hash
from faceannot.records import Gender
from tests.datasets.conftest import Painter


@pytest.fixture
def picture(tmp_path: Path, paint: Painter) -> Painter:
    """An example with a picture of that seed; the same seed makes copies."""

    def make(name: str, seed: int, split: Split = "train", **labels: object) -> Example:
        path = paint(tmp_path / f"{name}.png", seed)
        return Example(str(labels.pop("source", "folders")), path.name, path, split, **labels)  # type: ignore[arg-type]

    return make  # type: ignore[return-value]


def names(examples: tuple[Example, ...]) -> list[str]:
    return [example.path.stem for example in examples]


def test_copies_stay_once_in_test_before_validation_before_training(picture: Painter) -> None:
    given = [
        picture("a", 1, "train", gender="male"),
        picture("b", 1, "validation", gender="male"),
        picture("c", 1, "test", gender="male"),
        picture("d", 2, "train", gender="male"),
    ]
    cleaned = clean(given)
    assert names(cleaned.examples) == ["c", "d"]
    assert [(one.example.path.stem, one.reason, one.copy_of) for one in cleaned.left_out] == [
        ("a", COPY, given[2]),
        ("b", COPY, given[2]),
    ]


@pytest.mark.parametrize("wrong", [True, False])
def test_pictures_that_were_seen_to_show_the_other_gender_are_left_out(tmp_path: Path, wrong: bool) -> None:
    rows = (line.split(",") for line in seen_genders.TABLE.read_text().splitlines())
    _, name, size, seen = next(row for row in rows if row[0] == "utkface")
    (tmp_path / name).write_bytes(bytes(int(size)))
    gender: Gender = "male" if (seen == "female") == wrong else "female"
    cleaned = clean([Example("utkface", name, tmp_path / name, "train", gender)])
    assert [one.reason for one in cleaned.left_out] == [MISLABELLED] * wrong


def test_copies_that_disagree_on_gender_are_all_left_out(picture: Painter) -> None:
    cleaned = clean(
        [
            picture("a", 1, gender="male"),
            picture("b", 1, gender="female"),
            picture("c", 1),
            picture("d", 2, gender="male"),
        ]
    )
    assert names(cleaned.examples) == ["d"]
    assert cleaned.reasons() == {CONTRADICTED: 2, NO_LABEL: 1}


def test_utkface_copies_go_with_their_first_name(picture: Painter) -> None:
    given = [picture(f"{number:03}", number // 2, source="utkface", gender="male") for number in range(40)]
    cleaned = clean(given)
    assert names(cleaned.examples) == [f"{number:03}" for number in range(0, 40, 2)]
    assert all(one.split == split_by_hash(one.name, 51) for one in cleaned.examples)


def test_people_in_more_than_one_split_are_split_by_person(picture: Painter) -> None:
    given = [
        picture(str(number), number, ("train", "validation")[number // 30], gender="male", subject=str(number % 30))
        for number in range(60)
    ]
    cleaned = clean(given)
    assert len(cleaned.examples) == 60
    assert all(one.split == split_by_hash(one.subject or "", 26) for one in cleaned.examples)


@pytest.mark.parametrize(("part", "stay"), [("train", ["0", "1"]), ("test", ["0", "1", "2"])])
def test_who_is_outvoted_by_the_same_person_is_left_out_but_in_test(
    picture: Painter, part: Split, stay: list[str]
) -> None:
    person = next(str(number) for number in range(1000) if split_by_hash(str(number), 26) == part)
    genders: tuple[Gender, ...] = ("male", "male", "female")
    cleaned = clean(picture(str(n), n, gender=gender, subject=person) for n, gender in enumerate(genders))
    assert names(cleaned.examples) == stay
    assert cleaned.reasons() == ({OUTVOTED: 1} if part == "train" else {})


def test_a_copy_goes_where_people_are_known_too(picture: Painter) -> None:
    given = [picture(name, 1, source="gender-folders", gender="male", subject=name) for name in ("a", "b")]
    assert names(clean(given).examples) == ["a"]


def test_genders_of_the_young_are_not_used_but_their_expressions_are(picture: Painter) -> None:
    given = [
        picture("child", 1, source="utkface", gender="male", age=7),
        picture("smiling", 2, source="utkface", gender="male", age=7, expression=one_hot("happy")),
        picture("adult", 3, source="utkface", gender="male", age=16),
    ]
    cleaned = clean(given, {"utkface": 16})
    assert [(one.path.stem, one.gender) for one in cleaned.examples] == [("smiling", None), ("adult", "male")]
    assert cleaned.reasons() == {TOO_YOUNG: 1}
    assert names(clean(given).examples) == ["child", "smiling", "adult"]


def test_an_age_decides_nothing_about_copies_and_splits(picture: Painter) -> None:
    given = [
        picture("child", 1, "test", source="utkface", gender="male", age=7),
        picture("copy", 1, "test", source="utkface", gender="female", age=30),
    ]
    assert clean(given, {"utkface": 16}).reasons() == {CONTRADICTED: 2}


def test_what_holds_for_a_source_holds_for_a_second_one_of_its_kind(picture: Painter) -> None:
    given = [picture(f"{number:03}", number, "test", source="utkface 2", gender="male") for number in range(40)]
    assert all(one.split == split_by_hash(one.name, 51) for one in clean(given).examples)


@pytest.mark.parametrize("second", ["celeba", "gender-folders 2"])
def test_a_person_of_celeba_is_in_one_split_of_all_that_hold_its_pictures(
    picture: Painter, second: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = [
        picture(f"{source} {number}", 60 * place + number, split, source=source, gender="male", subject=str(number))
        for place, (source, split) in enumerate((("gender-folders", "validation"), (second, "train")))
        for number in range(60)
    ]
    cleaned = clean(given)
    assert len(cleaned.examples) == 120
    assert all(one.split == split_by_hash(one.subject or "", 26) for one in cleaned.examples)
    assert "gender-folders: people are in more than one of its splits" in caplog.text


def test_a_split_that_is_overridden_is_told(picture: Painter, caplog: pytest.LogCaptureFixture) -> None:
    clean([picture(name, n, name, gender="male", subject="anna") for n, name in enumerate(("train", "test"))])
    assert "folders: people are in more than one of its splits, so it is split by person instead" in caplog.text
    caplog.clear()
    clean([picture(str(number), number, gender="male", subject="anna") for number in range(2)])
    assert not caplog.text


def test_ffhq_pictures_lose_their_expression_and_some_are_kept_for_judging(picture: Painter) -> None:
    happy = one_hot("happy")
    cleaned = clean(
        [
            picture("ffhq_5", 1, "test", source="ffhq", expression=happy, gender="male"),
            picture("ffhq_1200", 2, "test", source="ffhq", expression=happy, gender="female"),
            picture("ffhq_1201", 3, "test", source="ffhq", expression=happy),
        ]
    )
    (kept,) = cleaned.examples
    assert (kept.path.stem, kept.gender, kept.expression) == ("ffhq_1200", "female", None)
    assert kept.split == split_by_hash("ffhq_1200.png", 0)
    assert cleaned.reasons() == {KEPT_FOR_JUDGING: 1, NO_LABEL: 1}


def test_a_picture_that_cannot_be_read_is_no_copy_of_another(tmp_path: Path) -> None:
    gone = [Example("folders", name, tmp_path / name, "test", gender="male") for name in ("a", "b")]
    assert clean(gone).examples == tuple(gone)
