"""Names become valid UTF-8 and come back."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceannot.outputs.names import escape, unescape

# Pieces that could be taken for escapes, beside any character and any lone surrogate.
PIECES = st.sampled_from(["\\", "\\x", "\\x5c", "\\xff", "\\ud8", "\\ud800", "x", "5c", "ff", "\udcff", "\ud800"])
NAMES = st.lists(st.one_of(PIECES, st.characters(exclude_categories=()))).map("".join)


@given(NAMES)
def test_a_name_comes_back_as_it_was(name: str) -> None:
    assert unescape(escape(name)) == name


@given(NAMES)
def test_an_escaped_name_is_valid_utf_8(name: str) -> None:
    assert escape(name).encode("utf-8").decode("utf-8") == escape(name)


@pytest.mark.parametrize("name", ["x.jpg", "Übung/日本語 עברית.jpg", "a\\b.jpg", "line\nbreak.jpg", "\\xFF"])
def test_a_name_that_is_valid_utf_8_stays_as_it_is(name: str) -> None:
    assert escape(name) == name


def test_bytes_that_are_no_utf_8_are_written_in_hexadecimal() -> None:
    assert escape(os.fsdecode(b"caf\xe9.jpg")) == "caf\\xe9.jpg"


def test_what_looks_like_an_escape_is_told_from_one() -> None:
    assert escape("caf\\xe9.jpg") == "caf\\x5cxe9.jpg"
