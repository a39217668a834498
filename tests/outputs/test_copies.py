"""Copies are written in other processes, in order; one that dies costs its photo alone."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import sys
import threading
from pathlib import Path

import pytest

from faceannot._worker import MEMORY_BYTES
from faceannot.alignment import Template
from faceannot.annotator import Annotation
from faceannot.errors import OutputError
from faceannot.inputs import Photo
from faceannot.outputs.annotated import write_annotated
from faceannot.outputs.copies import Copies, Written, _Processes, copied
from faceannot.outputs.crops import write_crops
from faceannot.records import PhotoResult, Status
from tests import fakes
from tests.outputs.results import face, photo_result

LIMIT_S = 60.0


def annotation(name: str, source: Path | bytes = b"", known: bool = False) -> Annotation:
    result = PhotoResult(name, Status.NO_FACE, photo_width=640, photo_height=448)
    return Annotation(Photo(name, source), result, known)


def die_if_deadly(given: Annotation) -> Written:
    if given.photo.name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return given, None


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


def hang_if_deadly(given: Annotation) -> Written:
    if given.photo.name == "deadly":
        signal.setitimer(signal.ITIMER_REAL, 0.2)  # as `_write` does
        ctypes.PyDLL(None).sleep(1000)  # keeps Python's lock, as a decoder in C may
    return given, None


def test_a_process_that_hangs_costs_its_photo_and_the_time_limit() -> None:
    with _Processes(1, limit_s=0.2) as processes:
        reason = "writing its annotated copy or its crops took longer than 0.2 seconds"
        assert processes.run(hang_if_deadly, annotation("deadly"))[1] == reason
        assert processes.run(hang_if_deadly, annotation("a"))[1] is None


def test_the_time_limit_is_ten_times_that_of_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    monkeypatch.setattr("faceannot.outputs.copies._TIMES_AS_LONG", 1)
    copies = Copies(annotated=tmp_path / "out")
    copies.prepare()
    done = list(copied([annotation("a.png", good)], copies, Template(), workers=1, timeout_s=1e-6))
    assert "took longer than 1e-06 seconds" in str(done[0][1])


def say_something(given: Annotation) -> Written:
    os.write(2, b"TIFFReadDirectory: a warning of a library in C")
    return given, f"{resource.getrlimit(resource.RLIMIT_AS)[0]}"


def test_libraries_print_nothing_and_have_bounded_memory(capfd: pytest.CaptureFixture[str]) -> None:
    with _Processes(1, LIMIT_S) as processes:
        limit = processes.run(say_something, annotation("a"))[1]
    assert capfd.readouterr().err == ""
    assert sys.platform != "linux" or limit == str(MEMORY_BYTES)


def fail(given: Annotation) -> Written:
    raise RuntimeError("a fault of a library")


def test_an_unexpected_error_is_the_photos_own_problem() -> None:
    with _Processes(1, LIMIT_S) as processes:
        assert "a fault of a library" in str(processes.run(fail, annotation("a"))[1])
        assert processes.run(die_if_deadly, annotation("b"))[1] is None


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
    done = list(copied(given, copies, Template(), workers=2))
    assert [outcome.photo.name for outcome, _ in done] == ["1.png", "2.png", "3.png"]
    assert [problem is None for _, problem in done] == [True, False, True]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1.png", "3.png"]


def test_a_photo_that_was_given_twice_is_written_twice(tmp_path: Path) -> None:
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    copies = Copies(annotated=tmp_path / "out")
    copies.prepare()
    done = list(copied([annotation("1.png", good)] * 2, copies, Template(), workers=1))
    assert [problem for _, problem in done] == [None, None]


def test_only_so_many_photos_are_held_at_full_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []

    class Counted(_Processes):
        def __init__(self, count: int, limit_s: float) -> None:
            counts.append(count)
            super().__init__(count, limit_s)

    monkeypatch.setattr("faceannot.outputs.copies._Processes", Counted)
    for workers in (2, 64):
        list(copied([], Copies(crops=tmp_path), Template(), workers=workers))
    assert counts == [2, 8]


def test_what_is_known_was_written_before(tmp_path: Path) -> None:
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    copies = Copies(annotated=tmp_path / "out")
    copies.prepare()
    assert [problem for _, problem in copied([annotation("1.png", good, True)], copies, Template(), workers=1)] == [
        None
    ]
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
    problems = [problem for _, problem in copied([annotation("a.png", good)], copies, Template(), workers=1)]
    assert "loop/a.png cannot be written" in str(problems[0])


def test_only_pictures_that_faceannot_made_in_the_folders_are_no_photos(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    copies = Copies(annotated=tmp_path / "link")
    good = fakes.save(fakes.photo(), tmp_path / "good.png")
    assert [problem for _, problem in copied([annotation("b/a.png", good)], copies, Template(), workers=1)] == [None]
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
    list(copied([annotation(name, good)], copies, Template(), workers=1))
    assert copies.made(Photo("a", tmp_path / "out" / name))
