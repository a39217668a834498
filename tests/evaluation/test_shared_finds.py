"""Annotators that share what they find: one search a picture, and the same results as alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceannot.annotator import Annotator
from faceannot.detector import Detections, Detector
from faceannot.evaluation.shared_finds import sharing_annotators
from tests import fakes


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the pictures that a detector searched."""
    shapes: list[tuple[int, ...]] = []
    find = Detector.find

    def counted(self: Detector, rgb: fakes.RgbArray, **options: object) -> Detections:
        shapes.append(rgb.shape)
        return find(self, rgb, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Detector, "find", counted)
    return shapes


PHOTOS = [
    fakes.photo((1, 1, fakes.HAPPY_MALE), (5, 5, fakes.SAD_FEMALE)),
    fakes.photo((3, 2, fakes.SAD_MALE)),
    fakes.photo(height=320),
]


def test_each_picture_is_searched_once_for_all_bundles_with_the_same_detector(
    tmp_path: Path, searches: list[tuple[int, ...]]
) -> None:
    folders = [fakes.bundle(tmp_path / "a"), fakes.bundle(tmp_path / "b", classifier__gender_bias=20.0)]
    alone = [list(Annotator(model=folder, threads=1).annotate(PHOTOS)) for folder in folders]
    searches.clear()
    shared = [list(annotator.annotate(PHOTOS)) for annotator in sharing_annotators(folders, threads=1)]
    assert shared == alone
    assert shared[0] != shared[1]
    assert len(searches) == len(PHOTOS)


def test_another_threshold_is_another_search(tmp_path: Path, searches: list[tuple[int, ...]]) -> None:
    folders = [fakes.bundle(tmp_path / "a"), fakes.bundle(tmp_path / "b", detector__threshold=0.6)]
    for annotator in sharing_annotators(folders, threads=1):
        assert [len(result.faces) for result in annotator.annotate(PHOTOS)] == [2, 1, 0]
    assert len(searches) == 2 * len(PHOTOS)
