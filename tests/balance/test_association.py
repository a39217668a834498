"""Sources that go with a class."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.balance.association import associations, cramers_v, origins
from faceannot.balance.entries import Entry
from tests.balance.making import entry

CELLS = st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(1, 50))


def named(prefix: str, size: int, **known: str) -> list[Entry]:
    return [entry(f"train/{prefix}{number}.png", split="train", **known) for number in range(size)]


def test_a_beginning_of_file_names_that_goes_with_a_class_is_told() -> None:
    faces = [
        *named("ffhq_", 85, expression="happy"),
        *named("image", 15, expression="happy"),
        *named("ffhq_", 10, expression="fear"),
        *named("image", 90, expression="fear"),
    ]
    (found,) = associations(faces)
    telling = {(share.origin, share.class_name): share for share in found.shares if share.telling}
    assert set(telling) == {("set: ffhq*", "happy"), ("set: image*", "fear")}
    share = telling["set: ffhq*", "happy"]
    assert (share.pictures, share.share, share.elsewhere) == (85, pytest.approx(0.85), pytest.approx(0.10))


def test_a_source_that_goes_with_a_class_is_told() -> None:
    faces = [
        *[entry(f"{n}.png", source="studio", gender="male") for n in range(40)],
        *[entry(f"{n}.png", source="street", gender="female") for n in range(40)],
    ]
    (found,) = associations(faces)
    assert found.cramers_v == pytest.approx(1.0)


def test_sources_that_are_alike_are_not_told() -> None:
    faces = [
        entry(f"{n}.png", source=source, gender=gender)
        for n in range(40)
        for source in ("studio", "street")
        for gender in ("male", "female")
    ]
    (found,) = associations(faces)
    assert found.cramers_v == pytest.approx(0.0)
    assert not [share for share in found.shares if share.telling]


def test_what_is_not_labelled_on_an_axis_does_not_count_for_it() -> None:
    faces = [entry("1.png", source="a", gender="male"), entry("2.png", source="b", expression="happy")]
    assert associations(faces) == ()


def test_names_that_begin_with_their_class_or_with_anything_are_no_sources() -> None:
    classes = [entry(f"{name}_{n}.png") for name in ("happy", "sad") for n in range(20)]
    people = [entry(f"{chr(97 + n % 26)}{chr(97 + n // 26)}.png") for n in range(300)]
    assert {*origins(classes), *origins(people)} == {"set"}


@given(CELLS)
def test_cramers_v_is_between_nothing_and_all(cells: dict[tuple[str, str], int]) -> None:
    assert 0.0 <= cramers_v(Counter(cells)) <= 1.0 + 1e-9


@given(CELLS, st.integers(2, 9))
def test_cramers_v_does_not_depend_on_how_many_there_are_of_everything(
    cells: dict[tuple[str, str], int], factor: int
) -> None:
    more = Counter({cell: size * factor for cell, size in cells.items()})
    assert cramers_v(more) == pytest.approx(cramers_v(Counter(cells)), abs=1e-6)
