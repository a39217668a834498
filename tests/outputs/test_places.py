"""Names of photos to files below a folder: inside it, and never two to one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.outputs.annotated import annotated_name
from faceannot.outputs.places import place

FOLDER = Path("out")
# Parts that the rules are about, beside any other; without empty parts and ".", which mean nothing in a path.
PARTS = st.one_of(
    st.sampled_from(["..", "_up", "__up", "_root", "__root", "a", "x.jpg", "x.png", "x", "x.heic", "x.annotated.jpg"]),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(lambda p: p != "."),
)
NAMES = st.builds(
    lambda absolute, parts: "/" * absolute + "/".join(parts), st.booleans(), st.lists(PARTS, min_size=1, max_size=4)
)


@given(NAMES)
def test_every_name_stays_inside_the_folder(name: str) -> None:
    path = place(FOLDER, name)
    assert path.is_relative_to(FOLDER)
    assert ".." not in path.parts


@given(NAMES, NAMES)
def test_two_names_never_share_a_copy(one: str, other: str) -> None:
    same = place(FOLDER, annotated_name(one)) == place(FOLDER, annotated_name(other))
    assert same == (one == other)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/x.jpg", "out/a/x.jpg"),
        ("./a//x.jpg", "out/a/x.jpg"),
        ("/data/x.jpg", "out/_root/data/x.jpg"),
        ("../../x.jpg", "out/_up/_up/x.jpg"),
        ("_up/x.jpg", "out/__up/x.jpg"),
        ("日本/é.jpg", "out/日本/é.jpg"),
    ],
)
def test_the_structure_is_kept(name: str, expected: str) -> None:
    assert place(FOLDER, name) == Path(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x.jpg", "x.jpg"),
        ("x.JPEG", "x.JPEG"),
        ("x.png", "x.png"),
        ("x.webp", "x.webp"),
        ("x.heic", "x.heic.annotated.jpg"),
        ("x.tif", "x.tif.annotated.jpg"),
        ("x", "x.annotated.jpg"),
        ("x.annotated.jpg", "x.annotated.jpg.annotated.jpg"),
    ],
)
def test_a_copy_has_the_photos_name_where_its_format_is_kept(name: str, expected: str) -> None:
    assert annotated_name(name) == expected


@pytest.mark.parametrize("letter", ["x", "語"])
def test_a_name_as_long_as_a_file_system_takes_gets_a_shorter_place(letter: str) -> None:
    stem = letter * (251 // len(letter.encode()))
    first, second = (place(FOLDER, f"{stem}{end}.jpg.1.png") for end in "ab")
    assert len(os.fsencode(first.name)) <= 255
    assert first.name.endswith(".1.png")
    assert first != second
