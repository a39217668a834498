"""One run counts what it sees, and what could not be written is tried again when it goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faceannot import Annotator, InputError, OutputError, Photo, PhotoResult, Status, find_photos
from faceannot.labelling import Outputs, Tally, label
from faceannot.outputs.table import FORMATS, Format
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


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_photo_whose_copy_could_not_be_written_is_tried_again(is_stopped: bool, tmp_path: Path) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    fakes.save(fakes.photo(), tmp_path / "photos" / "a.png")
    fakes.save(fakes.photo(), tmp_path / "photos" / "b.png")
    in_the_way = tmp_path / "out" / "a.png"
    in_the_way.mkdir(parents=True)

    def run(seen: int) -> Tally:
        outputs = Outputs(tmp_path / "t.csv", "csv", annotated=tmp_path / "out", resume=True)
        return label(annotator, find_photos([str(tmp_path / "photos")]), outputs, seen=lambda tally: stop(tally, seen))

    if is_stopped:
        with pytest.raises(KeyboardInterrupt):
            run(seen=2)
    else:
        tally = run(seen=99)
        assert (tally.failures, tally.not_copied) == (1, 1)
        assert run(seen=99).failures == 1
    in_the_way.rmdir()
    assert run(seen=99).failures == 0
    assert in_the_way.is_file()
    assert run(seen=99).was_complete


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


def test_a_run_goes_on_only_with_the_same_bundle(tmp_path: Path) -> None:
    photos = [Photo(f"{number}.png", fakes.save(fakes.photo(), tmp_path / f"{number}.png")) for number in range(2)]
    outputs = Outputs(tmp_path / "t.csv", "csv", resume=True)
    with pytest.raises(KeyboardInterrupt):
        label(Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1), photos, outputs, seen=lambda t: stop(t, 1))
    fakes.replace_classifier(tmp_path / "bundle", likeliest="surprise")
    with pytest.raises(OutputError, match="cannot be resumed: bundle sha256 was "):
        label(Annotator(model=tmp_path / "bundle", threads=1), photos, outputs)


def test_a_photo_that_changed_since_is_labelled_again(tmp_path: Path) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    photos = [Photo(f"{number}.png", fakes.save(fakes.photo(), tmp_path / f"{number}.png")) for number in range(3)]
    outputs = Outputs(tmp_path / "t.csv", "csv", resume=True)
    with pytest.raises(KeyboardInterrupt):
        label(annotator, photos, outputs, seen=lambda tally: stop(tally, 2))
    fakes.save(fakes.photo((1, 1, fakes.HAPPY_MALE)), tmp_path / "0.png")
    os.utime(tmp_path / "0.png", ns=(1, 1))
    assert label(annotator, photos, outputs).faces == {"HappyMale": 1}


def test_a_run_that_goes_on_adds_nothing_that_the_journal_has(tmp_path: Path) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    photos = [Photo("a.png", fakes.save(fakes.photo(), tmp_path / "a.png"))] * 3
    outputs = Outputs(tmp_path / "t.csv", "csv", resume=True)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            label(annotator, photos, outputs, seen=lambda tally: stop(tally, 3))
    assert (tmp_path / "t.csv.journal").read_bytes().count(b"\n") == 4


@pytest.mark.parametrize("kind", FORMATS)
def test_a_run_that_finished_is_complete_when_it_is_resumed(tmp_path: Path, kind: Format) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    two = fakes.photo((1, 1, fakes.HAPPY_MALE), (5, 1, fakes.SAD_MALE))
    names = ['a\n"b".png', "a.png", "gone.png", "=\udcff\\xff.png"]
    photos = [Photo(name, fakes.save(two, tmp_path / name) if name[0] != "g" else Path("gone")) for name in names]
    photos += photos[:1] * 2  # twice, one behind the other
    outputs = Outputs(tmp_path / f"t.{kind}", kind, resume=True)
    assert not label(annotator, photos, outputs).was_complete
    before = outputs.file and outputs.file.read_bytes()
    tally = label(annotator, photos, outputs)
    assert (tally.was_complete, tally.photos, tally.failures) == (True, 6, 1)
    for others in (photos[:-1], photos[1:], [*photos, photos[0]]):
        with pytest.raises(OutputError, match="of other photos than these"):
            label(annotator, others, outputs)
    os.utime(tmp_path / "a.png", (2e9, 2e9))
    with pytest.raises(OutputError, match=r"a\.png has changed since"):
        label(annotator, photos, outputs)
    assert before == (outputs.file and outputs.file.read_bytes())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("content", [b"", b"precious", b"{}\n", b"[]\n", b'{"photos": [\n{}', b"path,status\na,ok\n"])
def test_what_is_no_table_is_not_complete(tmp_path: Path, kind: Format, content: bytes) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    (tmp_path / "table").write_bytes(content)
    with pytest.raises(OutputError, match="nothing to resume"):
        label(annotator, [Photo("a.png", Path("a.png"))], Outputs(tmp_path / "table", kind, resume=True))
    assert (tmp_path / "table").read_bytes() == content


@pytest.mark.parametrize("kind", FORMATS)
def test_a_table_that_was_cut_off_is_not_complete(tmp_path: Path, kind: Format) -> None:
    annotator = Annotator(model=fakes.bundle(tmp_path / "bundle"), threads=1)
    photos = [Photo(f"{number}.png", fakes.save(fakes.photo(), tmp_path / f"{number}.png")) for number in range(2)]
    outputs = Outputs(tmp_path / "table", kind, resume=True)
    label(annotator, photos, outputs)
    whole = (tmp_path / "table").read_bytes()
    for length in range(0, len(whole) - 1, 11 if kind != "parquet" else 401):
        (tmp_path / "table").write_bytes(whole[:length])
        with pytest.raises(OutputError, match="nothing to resume"):
            label(annotator, photos, outputs)


def stop(tally: Tally, after: int) -> None:
    if tally.photos == after:
        raise KeyboardInterrupt
