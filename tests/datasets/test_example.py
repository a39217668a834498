"""Splits by hash, and copies."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from faceannot.datasets.example import first_copies, one_hot, split_by_hash
from faceannot.records import EXPRESSIONS


@given(st.text(), st.integers(0, 256))
def test_test_part_follows_the_first_byte_of_the_hash(key: str, below: int) -> None:
    first = hashlib.sha256(key.encode()).digest()[0]
    assert (split_by_hash(key, below) == "test") == (first < below)


def test_about_a_twentieth_of_the_rest_is_validation() -> None:
    splits = [split_by_hash(str(number), 51) for number in range(4000)]
    share = splits.count("validation") / (splits.count("validation") + splits.count("train"))
    assert 0.035 < share < 0.065


def test_one_hot_names_the_expression() -> None:
    assert one_hot("sad") == tuple(float(name == "sad") for name in EXPRESSIONS)


def test_copies_go_with_the_first_of_them(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path, content in zip(paths, (b"same", b"other", b"same"), strict=True):
        path.write_bytes(content)
    assert first_copies(paths) == {paths[0]: paths[0], paths[1]: paths[1], paths[2]: paths[0]}
