"""One run counts what it sees, and what could not be written is tried again when it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from faceannot import Annotator, InputError, OutputError, Photo, PhotoResult, Status, find_photos
from faceannot.labelling import Outputs, Tally, label
from tests import fakes


def failed(path: str, reason: str) -> PhotoResult:
    return PhotoResult(path, Status.ERROR, error=reason)


def test_a_tally_counts_photos_faces_and_reasons_with_their_first_photo(tmp_path: Path) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path), threads=1, unsure_threshold=0.999)
    photo = fakes.photo((1, 1, fakes.HAPPY_MALE), (5, 1, fakes.HAPPY_MALE), (9, 1, fakes.HAPPY_FEMALE))
    tally = Tally()
    for result in [*annotator.annotate([photo, fakes.photo()]), failed("a", "torn"), failed("b", "torn")]:
        tally.add(result)
    assert (tally.photos, tally.without_face, tally.failures, tally.unsure) == (4, 1, 2, 2)
    assert tally.faces == {"HappyMale": 2, "HappyFemale": 1}
    assert (tally.reasons, tally.examples) == ({"torn": 2}, {"torn": "a"})


def test_a_tally_keeps_only_so_many_reasons() -> None:
    tally = Tally()
    for number in range(5000):
        tally.add(failed(str(number), f"reason {number}"))
    assert tally.failures == tally.reasons.total() == 5000
    assert len(tally.reasons) == len(tally.examples) <= 1001


def test_a_run_tells_after_each_photo_what_it_has_seen(tmp_path: Path) -> None:
    photos = [Photo(str(number), fakes.photo()) for number in range(3)]
    seen: list[int] = []
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    label(annotator, photos, Outputs(tmp_path / "t.csv", "csv"), seen=lambda tally: seen.append(tally.photos))
    assert seen == [1, 2, 3]


def test_a_run_without_photos_leaves_everything_as_it_is(tmp_path: Path) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    outputs = Outputs(tmp_path / "t.csv", "csv", annotated=tmp_path / "out", overwrite=True)
    with pytest.raises(InputError):
        label(annotator, [], outputs)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_photo_whose_copy_could_not_be_written_is_tried_again(tmp_path: Path) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    fakes.save(fakes.photo(), tmp_path / "photos" / "a.png")
    fakes.save(fakes.photo(), tmp_path / "photos" / "b.png")
    in_the_way = tmp_path / "out" / "a.png"
    in_the_way.mkdir(parents=True)

    def run(seen: int) -> Tally:
        outputs = Outputs(tmp_path / "t.csv", "csv", annotated=tmp_path / "out", resume=True)
        return label(annotator, find_photos([str(tmp_path / "photos")]), outputs, seen=lambda tally: stop(tally, seen))

    with pytest.raises(KeyboardInterrupt):
        run(seen=2)
    in_the_way.rmdir()
    assert run(seen=99).failures == 0
    assert in_the_way.is_file()


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({}, {"annotated": "out"}),
        ({}, {"crops": "out"}),
        ({"crops": "out"}, {"crops": "other"}),
        ({"annotated": "out"}, {}),
    ],
)
def test_a_run_goes_on_only_into_the_same_folders(tmp_path: Path, before: dict[str, str], now: dict[str, str]) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    photos = [Photo(f"{number}.png", fakes.save(fakes.photo(), tmp_path / f"{number}.png")) for number in range(2)]

    def run(folders: dict[str, str], seen: int) -> None:
        annotated, crops = (tmp_path / folders[kind] if kind in folders else None for kind in ("annotated", "crops"))
        outputs = Outputs(tmp_path / "t.csv", "csv", annotated, crops, resume=True)
        label(annotator, photos, outputs, seen=lambda tally: stop(tally, seen))

    with pytest.raises(KeyboardInterrupt):
        run(before, seen=1)
    with pytest.raises(OutputError, match=r"cannot be resumed: (annotated|crops) was "):
        run(now, seen=99)


def stop(tally: Tally, after: int) -> None:
    if tally.photos == after:
        raise KeyboardInterrupt
