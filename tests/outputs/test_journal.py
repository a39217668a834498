"""A run that was stopped goes on to the same output; what must not be touched is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest

from faceannot.errors import OutputError
from faceannot.inputs import Photo, stamp_of
from faceannot.outputs import locking
from faceannot.outputs.header import RunHeader
from faceannot.outputs.journal import Journal, journal_path
from faceannot.outputs.table import FORMATS, Format, open_table
from tests.outputs.results import HEADER, face, failed, photo_result, scores

Begin = Callable[[Path, RunHeader], Journal]

# A third is nothing that four decimals or a decimal fraction would keep.
RESULTS = [
    photo_result("one.jpg", face(1, found=scores(sure=2 / 3)), face(2, found=scores("male", "sad", 1 / 3))),
    photo_result("two.jpg", face(1)),
    photo_result("three.jpg"),
    photo_result("four.jpg", face(1, unsure=True)),
]


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    """A file for each of RESULTS."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for result in RESULTS:
        (folder / result.path).write_bytes(result.path.encode())
    return [Photo(result.path, folder / result.path) for result in RESULTS]


def run(
    journal: Journal, output: Path, photos: Sequence[Photo], *, stop_after: int | None = None, kind: Format = "csv"
) -> list[str]:
    """Label `photos` as a run does, from RESULTS; gives the names that the journal did not know."""
    labelled = []
    answers = {result.path: result for result in RESULTS}
    with journal, open_table(output, kind, header=HEADER, overwrite=True) as table:
        for photo in photos[:stop_after]:
            result = journal.known(photo)
            if result is None:
                labelled.append(photo.name)
                result = answers[photo.name]
                journal.add(photo, result, stamp_of(photo))
            table.write(result)
    return labelled


def stopped_run(output: Path, photos: Sequence[Photo], after: int, kind: Format = "csv") -> None:
    run(Journal.start(output, HEADER), output, photos, stop_after=after, kind=kind)


def test_a_finished_run_leaves_no_journal(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    journal = Journal.start(output, HEADER)
    assert journal_path(output).exists()
    run(journal, output, photos)
    journal.finish()
    assert not journal_path(output).exists()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("after", range(len(RESULTS) + 1))
def test_a_resumed_run_gives_the_same_bytes(tmp_path: Path, photos: list[Photo], kind: Format, after: int) -> None:
    whole, output = tmp_path / f"whole.{kind}", tmp_path / f"t.{kind}"
    run(Journal.start(whole, HEADER), whole, photos, kind=kind)
    stopped_run(output, photos, after, kind)
    labelled = run(Journal.resume(output, HEADER), output, photos, kind=kind)
    assert labelled == [photo.name for photo in photos[after:]]
    assert output.read_bytes() == whole.read_bytes()


def test_a_journal_torn_at_any_byte_resumes_to_the_same_bytes(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    stopped_run(output, photos, len(photos))
    whole, journal = output.read_bytes(), journal_path(output).read_bytes()
    for length in range(0, len(journal) + 1, 7):
        journal_path(output).write_bytes(journal[:length])
        output.unlink()
        run(Journal.resume(output, HEADER), output, photos)
        assert output.read_bytes() == whole, length
        assert journal_path(output).read_bytes() == journal, length


def test_what_was_added_survives_a_kill(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    script = f"""
import os, signal
from pathlib import Path
from faceannot.inputs import Photo, stamp_of
from faceannot.outputs.journal import Journal
from tests.outputs.results import HEADER
from tests.outputs.test_journal import RESULTS
journal = Journal.start(Path({str(output)!r}), HEADER)
photo = Photo("one.jpg", Path({str(photos[0].source)!r}))
journal.add(photo, RESULTS[0], stamp_of(photo))
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).parents[2])
    assert killed.returncode == -signal.SIGKILL
    with Journal.resume(output, HEADER) as journal:
        assert journal.known(photos[0]) == RESULTS[0]


def test_a_result_comes_back_exactly(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    stopped_run(output, photos, len(photos))
    with Journal.resume(output, HEADER) as journal:
        assert [journal.known(photo) for photo in photos] == RESULTS


def test_a_photo_that_could_not_be_read_is_tried_again(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    with Journal.start(output, HEADER) as journal:
        for photo, result in zip(photos, RESULTS, strict=True):
            outcome = failed(photo.name, "took longer than 60 seconds") if photo is photos[1] else result
            journal.add(photo, outcome, stamp_of(photo))
    assert run(Journal.resume(output, HEADER), output, photos) == ["two.jpg"]
    assert run(Journal.resume(output, HEADER), output, photos) == []


def test_a_photo_that_changed_is_labelled_again(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    stopped_run(output, photos, len(photos))
    path = photos[1].source
    assert isinstance(path, Path)
    os.utime(path, ns=(1, 1))
    assert run(Journal.resume(output, HEADER), output, photos) == ["two.jpg"]
    assert run(Journal.resume(output, HEADER), output, photos) == [], "the newer line counts"


def test_a_photo_that_changed_while_it_was_read_is_labelled_again(tmp_path: Path, photos: list[Photo]) -> None:
    output, path = tmp_path / "t.csv", photos[0].source
    assert isinstance(path, Path)
    with Journal.start(output, HEADER) as journal:
        before = stamp_of(photos[0])
        path.write_bytes(b"something else")
        journal.add(photos[0], RESULTS[0], before)
    with Journal.resume(output, HEADER) as journal:
        assert journal.known(photos[0]) is None


@pytest.mark.parametrize("photo", [Photo("gone.jpg", Path("gone.jpg")), Photo("open file", b"content")])
def test_what_is_no_file_is_labelled_again(tmp_path: Path, photo: Photo) -> None:
    output = tmp_path / "t.csv"
    with Journal.start(output, HEADER) as journal:
        journal.add(photo, photo_result(photo.name), stamp_of(photo))
    with Journal.resume(output, HEADER) as journal:
        assert journal.known(photo) is None


def test_names_of_any_bytes_are_known_again(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"line\nfeed \xff.jpg")
    path.write_bytes(b"x")
    photo, output = Photo(path.name, path), tmp_path / "t.csv"
    with Journal.start(output, HEADER) as journal:
        journal.add(photo, photo_result(photo.name), stamp_of(photo))
    with Journal.resume(output, HEADER) as journal:
        assert journal.known(photo) == photo_result(photo.name)


def test_names_of_the_same_hash_are_told_apart(
    tmp_path: Path, photos: list[Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faceannot.outputs.lines.hash", lambda name: 7, raising=False)
    output = tmp_path / "t.csv"
    stopped_run(output, photos, 3)
    assert run(Journal.resume(output, HEADER), output, photos) == ["four.jpg"]


def test_resuming_without_a_journal_begins_a_run(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    assert len(run(Journal.resume(output, HEADER), output, photos)) == len(photos)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (replace(HEADER, version="2.0"), "version was 1.2.3 and is 2.0"),
        (replace(HEADER, bundle_sha256="cd" * 32), "bundle sha256 was abab"),
        (replace(HEADER, options={"unsure_threshold": 0.7}), "unsure_threshold was 0.6 and is 0.7"),
    ],
)
def test_a_run_with_another_header_is_not_resumed(
    tmp_path: Path, photos: list[Photo], header: RunHeader, said: str
) -> None:
    output = tmp_path / "t.csv"
    stopped_run(output, photos, 2)
    before = journal_path(output).read_bytes()
    with pytest.raises(OutputError, match=said):
        Journal.resume(output, header)
    assert journal_path(output).read_bytes() == before


@pytest.mark.parametrize("begin", [Journal.start, partial(Journal.start, overwrite=True), Journal.resume])
@pytest.mark.parametrize("content", [b"my notes\n", b"my notes", b"[1, 2]\n", b"{}\n", b"{}", b"\xff\xfe\n"])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes, begin: Begin) -> None:
    output = tmp_path / "t.csv"
    journal_path(output).write_bytes(content)
    with pytest.raises(OutputError, match="is not a journal"):
        begin(output, HEADER)
    assert journal_path(output).read_bytes() == content


@pytest.mark.parametrize("content", [b"", b'{"faceannot jour'])
def test_an_output_beside_a_journal_that_was_hardly_begun_is_left_alone(tmp_path: Path, content: bytes) -> None:
    output = tmp_path / "t.csv"
    output.write_text("of an earlier run")
    journal_path(output).write_bytes(content)
    with pytest.raises(OutputError, match="nothing to resume"):
        Journal.resume(output, HEADER)


def test_a_stopped_run_is_not_begun_anew_by_accident(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    stopped_run(output, photos, 2)
    with pytest.raises(OutputError, match="--resume goes on"):
        Journal.start(output, HEADER)
    assert run(Journal.resume(output, HEADER), output, photos) == ["three.jpg", "four.jpg"]


@pytest.mark.parametrize(
    ("begin", "said"),
    [(Journal.start, "exists already"), (Journal.resume, "nothing to resume: .* as after a run that finished")],
)
def test_an_output_of_a_finished_run_is_left_alone(tmp_path: Path, begin: Begin, said: str) -> None:
    output = tmp_path / "t.csv"
    output.write_text("finished")
    with pytest.raises(OutputError, match=said):
        begin(output, HEADER)
    assert not journal_path(output).exists()


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    output = tmp_path / "folder"
    output.mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        Journal.start(output, HEADER, overwrite=True)
    assert not journal_path(output).exists()


def test_overwriting_begins_anew_whatever_is_there(tmp_path: Path, photos: list[Photo]) -> None:
    output = tmp_path / "t.csv"
    stopped_run(output, photos, 2)
    journal = Journal.start(output, HEADER, overwrite=True)
    assert len(run(journal, output, photos)) == len(photos)
    assert run(Journal.resume(output, HEADER), output, photos) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_two_runs_on_one_output_are_refused(tmp_path: Path, photos: list[Photo], overwrite: bool) -> None:
    output = tmp_path / "t.csv"
    with Journal.start(output, HEADER) as journal:
        journal.add(photos[0], RESULTS[0], stamp_of(photos[0]))
        with pytest.raises(OutputError, match="another run is writing"):
            Journal.start(output, HEADER, overwrite=overwrite)
        with pytest.raises(OutputError, match="another run is writing"):
            Journal.resume(output, HEADER)
    with Journal.resume(output, HEADER) as journal:
        assert journal.known(photos[0]) == RESULTS[0]


def test_a_journal_that_another_run_removes_at_that_moment_is_made_anew(
    tmp_path: Path, photos: list[Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    output, real = tmp_path / "t.csv", locking.lock
    finished = [True]

    def lock_after_the_other_run_finished(file: BinaryIO) -> bool:
        if finished:
            finished.pop()
            journal_path(output).unlink()
        return real(file)

    monkeypatch.setattr(locking, "lock", lock_after_the_other_run_finished)
    stopped_run(output, photos, 2)
    assert len(run(Journal.resume(output, HEADER), output, photos)) == 2


def test_two_names_of_one_output_are_one_output(tmp_path: Path) -> None:
    output, link = tmp_path / "t.csv", tmp_path / "link.csv"
    link.symlink_to(output)
    with Journal.start(output, HEADER), pytest.raises(OutputError, match="another run"):
        Journal.start(link, HEADER)


def test_a_journal_in_no_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        Journal.start(tmp_path / "no" / "t.csv", HEADER)


def test_a_full_disk_is_an_output_error(tmp_path: Path, photos: list[Photo], monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.start(tmp_path / "t.csv", HEADER)

    def full(data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal._sink, "_stream", type("Full", (), {"write": staticmethod(full)})())
    with pytest.raises(OutputError, match="No space left"):
        journal.add(photos[0], RESULTS[0], stamp_of(photos[0]))
