"""Copies are written in other processes, in order; one that dies costs its photo alone."""

from __future__ import annotations

import errno
import io
import os
import resource
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from faceannot._worker import MEMORY_BYTES
from faceannot.alignment import Template
from faceannot.annotator import Annotation
from faceannot.errors import DiskFullError, OutputError
from faceannot.inputs import Photo, stamp_of
from faceannot.outputs.annotated import write_annotated
from faceannot.outputs.copies import Copies, _Processes, copied
from faceannot.outputs.crops import write_crops
from faceannot.outputs.locking import lock
from faceannot.pipeline import without_pauses
from faceannot.records import PhotoResult, Status
from tests import fakes
from tests.outputs.results import face, photo_result

LIMIT_S = 60.0


def annotation(name: str, source: Path | bytes = b"", known: bool = False) -> Annotation:
    result = PhotoResult(name, Status.NO_FACE, photo_width=640, photo_height=448)
    photo = Photo(name, source)
    return Annotation(photo, result, known, stamp_of(photo))


def written(given: list[Annotation], copies: Copies, *, workers: int = 1) -> list[tuple[Annotation, str | None]]:
    """What `copied` gives, but for the pauses."""
    return list(without_pauses(copied(given, copies, Template(), workers=workers, limit_s=LIMIT_S)))


def die_if_deadly(given: Annotation) -> str | None:
    if given.photo.name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return None


def test_a_process_that_dies_costs_its_photo_alone() -> None:
    names = ["a", "b", "deadly", "c", "d", "e"]
    outcomes: dict[str, str | None] = {}

    def run(name: str) -> None:
        outcomes[name] = processes.run(die_if_deadly, annotation(name))[1]

    with _Processes(2, LIMIT_S) as processes:
        threads = [threading.Thread(target=run, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [name for name in names if outcomes[name]] == ["deadly"]
    assert "crashed" in str(outcomes["deadly"])


def fail(given: Annotation) -> str | None:
    raise RuntimeError("a fault of a library")


def test_an_unexpected_error_is_the_photos_own_problem() -> None:
    with _Processes(1, LIMIT_S) as processes:
        assert "a fault of a library" in str(processes.run(fail, annotation("a"))[1])
        assert processes.run(die_if_deadly, annotation("b"))[1] is None


def say_something(given: Annotation) -> str | None:
    os.write(2, b"TIFFReadDirectory: a warning of a library in C")
    return f"{resource.getrlimit(resource.RLIMIT_AS)[0]}"


def test_libraries_print_nothing_and_have_bounded_memory(capfd: pytest.CaptureFixture[str]) -> None:
    with _Processes(1, LIMIT_S) as processes:
        limit = processes.run(say_something, annotation("a"))[1]
    assert capfd.readouterr().err == ""
    assert sys.platform != "linux" or limit == str(MEMORY_BYTES)


def hang_if_slow(given: Annotation) -> str | None:
    time.sleep(60 if given.photo.name == "slow" else 0)
    return None


def test_what_takes_too_long_is_given_up_and_costs_its_photo_alone() -> None:
    with _Processes(1, 3.0) as processes:
        assert processes.run(hang_if_slow, annotation("quick"))[1] is None
        start = time.monotonic()
        assert "took longer than 3 seconds" in str(processes.run(hang_if_slow, annotation("slow"))[1])
        assert time.monotonic() - start < 30
    with _Processes(1, LIMIT_S) as processes:
        assert processes.run(hang_if_slow, annotation("quick"))[1] is None


def find_no_room(given: Annotation) -> str | None:
    raise DiskFullError("out/a.png cannot be written: No space left on device")


def test_a_full_disk_is_not_the_photos_own_problem() -> None:
    with _Processes(1, LIMIT_S) as processes, pytest.raises(DiskFullError, match="No space left"):
        processes.run(find_no_room, annotation("a"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_picture_that_finds_no_room_says_that_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    content = io.BytesIO()
    Image.fromarray(fakes.photo((1, 1, fakes.SAD_MALE))).save(content, "PNG")
    photo = Photo("good.png", content.getvalue())
    monkeypatch.setattr(Image.Image, "save", fail)
    result = photo_result("good.png", face(), width=640, height=448)
    with pytest.raises(DiskFullError):
        write_annotated(photo, result, tmp_path)
    with pytest.raises(DiskFullError):
        write_crops(photo, result, tmp_path, Template())
    assert not list(tmp_path.iterdir())


def test_a_photo_that_changed_after_it_was_labelled_has_no_copy(tmp_path: Path) -> None:
    path = fakes.save(fakes.photo(), tmp_path / "a.png")
    given = annotation("a.png", path)
    os.utime(path, ns=(1, 1))
    ((_, problem),) = written([given], Copies(annotated=tmp_path / "out"))
    assert problem == "the photo changed after it was labelled"
    assert not (tmp_path / "out").exists()


def test_unfinished_pictures_of_dead_runs_are_removed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    dead, alive = tmp_path / "a" / f".faceannot-{'0' * 32}", tmp_path / f".faceannot-{'1' * 32}"
    mine = tmp_path / ".faceannot-notes"
    for path in (dead, alive, mine):
        path.touch()
    with alive.open("rb") as file:
        lock(file)
        Copies(annotated=tmp_path, replace=True).prepare()
    assert not dead.exists()
    assert alive.exists()
    assert mine.exists()


def test_an_unexpected_error_while_writing_gives_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Path:
        raise ZeroDivisionError("of a library")

    monkeypatch.setattr("faceannot.outputs.annotated.place", fail)
    monkeypatch.setattr("faceannot.outputs.crops.place", fail)
    good = fakes.save(fakes.photo((1, 1, fakes.SAD_MALE)), tmp_path / "good.png")
    result = photo_result("good.png", face(), width=640, height=448)
    photo = Photo("good.png", good)
    assert write_annotated(photo, result, tmp_path) == "ZeroDivisionError: of a library"
    assert write_crops(photo, result, tmp_path, Template()) == "ZeroDivisionError: of a library"


def test_copies_come_in_order_with_the_reason_where_one_could_not_be_written(tmp_path: Path) -> None:
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    changed = fakes.save(fakes.photo(width=320, height=224), tmp_path / "changed.png")
    given = [annotation("1.png", good), annotation("2.png", changed), annotation("3.png", good)]
    copies = Copies(annotated=tmp_path / "out")
    copies.prepare()
    done = written(given, copies, workers=2)
    assert [outcome.photo.name for outcome, _ in done] == ["1.png", "2.png", "3.png"]
    assert [problem is None for _, problem in done] == [True, False, True]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1.png", "3.png"]


def test_a_photo_that_was_given_twice_is_written_twice(tmp_path: Path) -> None:
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    copies = Copies(annotated=tmp_path / "out")
    copies.prepare()
    done = written([annotation("1.png", good)] * 2, copies, workers=1)
    assert [problem for _, problem in done] == [None, None]


def test_only_so_many_photos_are_held_at_full_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []

    class Counted(_Processes):
        def __init__(self, count: int, limit_s: float) -> None:
            counts.append(count)
            super().__init__(count, limit_s)

    monkeypatch.setattr("faceannot.outputs.copies._Processes", Counted)
    for workers in (2, 64):
        written([], Copies(crops=tmp_path), workers=workers)
    assert counts == [2, 8]


def test_what_is_known_was_written_before(tmp_path: Path) -> None:
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    copies = Copies(annotated=tmp_path / "out")
    copies.prepare()
    assert [problem for _, problem in written([annotation("1.png", good, True)], copies, workers=1)] == [None]
    assert not list((tmp_path / "out").iterdir())


def test_a_folder_that_is_in_use_is_refused_unless_it_may_be_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(OutputError, match="not empty"):
        Copies(crops=tmp_path).prepare()
    Copies(crops=tmp_path, replace=True).prepare()


def test_a_folder_that_is_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    copies = Copies(annotated=tmp_path / "loop")
    assert not copies.made(Photo("a", tmp_path / "a.png"))
    with pytest.raises(OutputError, match="loop cannot be written"):
        copies.prepare()


def test_a_folder_that_is_a_link_to_itself_by_now_costs_the_copy_alone(tmp_path: Path) -> None:
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    (tmp_path / "loop").symlink_to("loop")
    copies = Copies(annotated=tmp_path / "loop")
    problems = [problem for _, problem in written([annotation("a.png", good)], copies, workers=1)]
    assert "loop/a.png cannot be written" in str(problems[0])


def test_only_pictures_that_faceannot_made_in_the_folders_are_no_photos(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    copies = Copies(annotated=tmp_path / "link")
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    assert [problem for _, problem in written([annotation("b/a.png", good)], copies, workers=1)] == [None]
    for folder in ("out", "link"):
        assert copies.made(Photo("a", tmp_path / folder / "b" / "a.png"))
    shutil.copy(tmp_path / "out" / "b" / "a.png", tmp_path / "elsewhere.png")
    fakes.save(fakes.photo(), tmp_path / "out" / "mine.png")
    os.mkfifo(tmp_path / "out" / "pipe.png")
    for path in ("elsewhere.png", "out/mine.png", "out/pipe.png", "out/gone.png"):
        assert not copies.made(Photo("a", tmp_path / path)), path
    assert not copies.made(Photo("a", b"content"))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_a_copy_of_each_format_is_known_as_one(tmp_path: Path, name: str) -> None:
    good = fakes.save(fakes.photo(), tmp_path / name)
    copies = Copies(annotated=tmp_path / "out")
    written([annotation(name, good)], copies, workers=1)
    assert copies.made(Photo("a", tmp_path / "out" / name))
