"""Labels that were seen in single finds, and what they change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from faceannot.datasets.files import read_rows
from faceannot.training.detector import labels, seen_finds
from faceannot.training.detector.annotated_photos import AnnotatedPhoto
from faceannot.training.detector.labelled_photos import KEPT_PX, LabelledPhoto
from tests import fakes

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


def test_a_face_is_learned_where_a_labelled_box_beside_it_shows_nothing(table: Path) -> None:
    beside = (8, 0, 28, 24)
    write(table, (beside, "nothing"), (FIRST, "face"))
    assert seen_finds.corrected(photo(boxes(beside), boxes())).boxes.tolist() == boxes(FIRST).tolist()


def test_labelling_takes_what_was_seen(table: Path, tmp_path: Path) -> None:
    onnx.save(fakes.detector(), tmp_path / "teacher.onnx")
    fakes.save(fakes.photo((0, 0, fakes.HAPPY_MALE), width=90, height=80), tmp_path / "a.png")
    write(table, (FOURTH, "face"))
    table.write_text(table.read_text().replace("a.jpg", "a.png"))
    labels._start(tmp_path / "teacher.onnx")
    labelled = labels._label(AnnotatedPhoto("street", tmp_path / "a.png", boxes()))
    assert labelled
    assert boxes(FOURTH).tolist()[0] in labelled.boxes.tolist()


def test_seen_faces_are_those_of_one_photo_in_its_size(table: Path) -> None:
    write(table, (FOURTH, "face"), (SECOND, "nothing"), (FIRST, "unclear"))
    kept = seen_finds.seen_faces("street", "a.jpg", 90)
    assert sorted(kept.tolist()) == sorted(boxes(FOURTH, FIRST).tolist())
    assert np.allclose(seen_finds.seen_faces("street", "a.jpg", 180), 2 * kept)
    assert not len(seen_finds.seen_faces("street", "b.jpg", 90))


WHOLE = {"animals", "negatives", "scenes"}


def rows() -> list[dict[str, str]]:
    return [row for _, row in read_rows(seen_finds.TABLE, ("source", "photo", "left", "shows"))]


def test_the_table_says_something_of_each_source_and_nothing_twice() -> None:
    assert {row["source"] for row in rows()} == {"webfaces", "street", "appa-real", *WHOLE}
    assert {row["shows"] for row in rows()} == {"face", "nothing", "unclear"}
    boxes_alone = [tuple(value for name, value in row.items() if name != "shows") for row in rows()]
    assert len(set(boxes_alone)) == len(boxes_alone)


def test_the_table_has_boxes_of_photos_as_they_are_kept_and_no_photo_to_judge_by() -> None:
    for row in rows():
        left, top, right, bottom, width, height = (
            int(row[name]) for name in ("left", "top", "right", "bottom", "width", "height")
        )
        assert left < right
        assert top < bottom
        assert max(width, height) <= KEPT_PX
        # Of sources that hardly show any, the table says, too, where the faces of the test part are.
        assert row["source"] in WHOLE or not AnnotatedPhoto(row["source"], Path(row["photo"]), boxes()).is_test
