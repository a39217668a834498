"""Labels that were seen in single finds, and what they change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faceannot.datasets.files import read_rows
from faceannot.training.detector import seen_finds
from faceannot.training.detector.labelled_photos import LabelledPhoto

FIRST, SECOND, THIRD, FOURTH = (0, 0, 20, 24), (40, 0, 60, 24), (0, 40, 20, 64), (40, 40, 60, 64)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the table of a test is."""
    path = tmp_path / "seen.csv"
    monkeypatch.setattr(seen_finds, "TABLE", path)
    seen_finds._table.cache_clear()
    yield path
    seen_finds._table.cache_clear()


def write(table: Path, *finds: tuple[tuple[int, int, int, int], str]) -> None:
    rows = [",".join(map(str, ("street", "a.jpg", 90, 80, *box, shows))) for box, shows in finds]
    table.write_text("\n".join(["source,photo,width,height,left,top,right,bottom,shows", *rows]) + "\n")


def boxes(*edges: tuple[int, int, int, int]) -> seen_finds.FloatArray:
    return np.array(edges, np.float32).reshape(-1, 4)


def photo(labelled: seen_finds.FloatArray, ignored: seen_finds.FloatArray, width: int = 90) -> LabelledPhoto:
    points = np.zeros((len(labelled), 5, 2), np.float32)
    return LabelledPhoto("street", "a.jpg", np.zeros((80, width, 3), np.uint8), labelled, points, ignored)


def test_a_face_that_was_seen_is_learned_and_no_longer_ignored(table: Path) -> None:
    write(table, (FIRST, "face"), (SECOND, "face"))
    seen = seen_finds.corrected(photo(boxes(FIRST), boxes(SECOND, THIRD)))
    assert seen.boxes.tolist() == boxes(FIRST, SECOND).tolist()
    assert np.isnan(seen.landmarks).all(axis=(1, 2)).tolist() == [False, True]
    assert seen.ignored.tolist() == boxes(THIRD).tolist()


def test_what_is_no_face_is_neither_learned_nor_ignored(table: Path) -> None:
    write(table, (FIRST, "nothing"), (SECOND, "nothing"))
    seen = seen_finds.corrected(photo(boxes(FIRST, THIRD), boxes(SECOND, FOURTH)))
    assert (seen.boxes.tolist(), seen.ignored.tolist()) == (boxes(THIRD).tolist(), boxes(FOURTH).tolist())
    assert len(seen.landmarks) == 1


def test_what_is_unclear_is_ignored(table: Path) -> None:
    write(table, (THIRD, "unclear"))
    seen = seen_finds.corrected(photo(boxes(FIRST), boxes()))
    assert (seen.boxes.tolist(), seen.ignored.tolist()) == (boxes(FIRST).tolist(), boxes(THIRD).tolist())


def test_a_photo_of_another_size_is_left_as_it_is(table: Path) -> None:
    write(table, (FIRST, "nothing"))
    other = photo(boxes(FIRST), boxes(), width=91)
    assert seen_finds.corrected(other) is other


def test_the_table_says_something_of_each_source_and_nothing_twice() -> None:
    rows = [row for _, row in read_rows(seen_finds.TABLE, ("source", "photo", "left", "shows"))]
    assert {row["source"] for row in rows} == {"webfaces", "street", "appa-real", "scenes"}
    assert set(Counter(row["shows"] for row in rows)) == {"face", "nothing", "unclear"}
    assert max(Counter(tuple(row.values()) for row in rows).values()) == 1
