"""Ten thousand faces in one picture: each has its row, and the copy is drawn."""

from __future__ import annotations

import csv
from pathlib import Path

from PIL import Image

from faceannot.annotator import Annotator
from faceannot.inputs import Photo
from faceannot.labelling import Outputs, label
from tests import fakes

CELLS = 142  # every other one of which is a face


def test_ten_thousand_faces_in_one_picture_are_ten_thousand_rows(tmp_path: Path) -> None:
    side = CELLS * fakes.SIDE
    faces = [(column, row, fakes.HAPPY_MALE) for row in range(CELLS) for column in range(row % 2, CELLS, 2)]
    path = fakes.save(fakes.photo(*faces, width=side, height=side), tmp_path / "crowd.png")
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle", detector__sizes=[side, side]))
    outputs = Outputs(tmp_path / "labels.csv", "csv", annotated=tmp_path / "annotated")
    tally = label(annotator, [Photo("crowd.png", path)], outputs)
    with (tmp_path / "labels.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [int(row["face"]) for row in rows] == list(range(1, len(faces) + 1))
    cells = {(round(int(row["left"]) / fakes.SIDE), round(int(row["top"]) / fakes.SIDE)) for row in rows}
    assert cells == {(column, row) for column, row, _ in faces}
    assert (tally.failures, len(faces)) == (0, 10_082)
    with Image.open(tmp_path / "annotated" / "crowd.png") as copy:
        assert copy.size == (side, side)
