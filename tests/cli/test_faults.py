"""What the disk, the system or other programs do to a run: a message, the right exit code, and what was done stays."""

from __future__ import annotations

import csv
import ctypes
import io
import os
import resource
import shutil
import sys
import threading
from pathlib import Path

import pytest

from tests import fakes
from tests.cli.running import LIMIT_S, faceannot, shell, started
from tests.cli.test_stopping import wait_for


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def small_photos(folder: Path, count: int) -> list[Path]:
    """`many/` with photos too small for a face."""
    return [fakes.save(fakes.photo(width=64, height=32), folder / "many" / f"{n:03}.png") for n in range(count)]


def no_more_than_8_kib() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


def as_a_user() -> None:
    """Let permissions count for root too: without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    if sys.platform == "linux":
        drop = 24  # PR_CAPBSET_DROP; what runs next gets no more than is left
        for capability in (1, 2):
            ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)


def customized(folder: Path, script: str) -> dict[str, str]:
    """Variables with which Python runs `script` first, in the command and in each process that it starts."""
    (folder / "custom").mkdir()
    (folder / "custom" / "sitecustomize.py").write_text(script)
    return {"PYTHONPATH": os.pathsep.join([str(folder / "custom"), str(Path(__file__).parents[2])])}


def test_nothing_is_kept_in_the_home_folder_and_nothing_reported(folder: Path, bundle: Path) -> None:
    (folder / "home").mkdir()
    # Without what turns the reports of ONNX Runtime off anyway, and where it would keep them.
    variables = {"HOME": str(folder / "home"), "XDG_CACHE_HOME": None, "ORT_DISABLE_TELEMETRY": None, "CI": None}
    run = faceannot("label", "photos", "--model", bundle, cwd=folder, variables=variables)
    assert run.returncode == 0
    assert list((folder / "home").rglob("*")) == []


def test_a_home_folder_that_cannot_be_written_is_no_matter(folder: Path, bundle: Path) -> None:
    (folder / "home").mkdir(mode=0o555)
    variables = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "home"), "ORT_DISABLE_TELEMETRY": None}
    options = ("--model", bundle, "--annotated", "out", "-q")
    run = faceannot("label", "photos", *options, cwd=folder, variables=variables, preexec_fn=as_a_user)
    assert (run.returncode, run.stderr) == (0, b"")
    assert len(rows(run.stdout)) == 4


def test_a_system_without_shared_memory_writes_all_there_is(folder: Path, bundle: Path) -> None:
    script = """
import _multiprocessing
class Missing:
    SEM_VALUE_MAX = 1
    def __new__(cls, *_):
        raise FileNotFoundError(2, "No such file or directory")
_multiprocessing.SemLock = Missing
"""
    options = ("--model", bundle, "--annotated", "out", "--crops", "crops", "-q")
    run = faceannot("label", "photos", *options, cwd=folder, variables=customized(folder, script))
    assert (run.returncode, run.stderr) == (0, b"")
    assert len(list((folder / "out").rglob("x.png"))) == 2


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_disk_that_is_full_ends_the_run_which_goes_on_later(folder: Path, bundle: Path, suffix: str) -> None:
    small_photos(folder, 60)
    arguments = ("label", "many", "--model", bundle, "-q", "--out")
    run = faceannot(*arguments, f"t.{suffix}", cwd=folder, preexec_fn=no_more_than_8_kib)
    assert run.returncode == 1
    assert b"cannot be written: File too large" in run.stderr
    assert b"Traceback" not in run.stderr
    assert faceannot(*arguments, f"t.{suffix}", "--resume", cwd=folder).returncode == 0
    assert faceannot(*arguments, f"whole.{suffix}", cwd=folder).returncode == 0
    assert (folder / f"t.{suffix}").read_bytes() == (folder / f"whole.{suffix}").read_bytes()


def test_a_full_standard_output_is_told(folder: Path, bundle: Path) -> None:
    run = shell(f"$faceannot label photos --model {bundle} -q > /dev/full", folder)
    assert run.returncode == 1
    assert run.stderr == b"faceannot: standard output cannot be written: No space left on device\n"


def test_a_disk_that_is_full_of_copies_ends_the_run_which_goes_on_later(folder: Path, bundle: Path) -> None:
    script = """
import errno, os, pathlib
real = pathlib.Path.replace
def replace(self, target):
    if self.name.startswith(".faceannot-") and target.name == "none.jpg" and os.path.exists("full"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return real(self, target)
pathlib.Path.replace = replace
"""
    variables = customized(folder, script)
    (folder / "full").touch()
    arguments = ("label", "photos", "--model", bundle, "-q", "--out", "t.csv", "--annotated", "out")
    run = faceannot(*arguments, cwd=folder, variables=variables)
    assert run.returncode == 1
    said = b"none.jpg cannot be written: No space left on device; once that is mended, --resume goes on\n"
    assert run.stderr == b"faceannot: out/" + said
    assert len(list((folder / "out").rglob("*.*"))) == 2
    (folder / "full").unlink()
    assert faceannot(*arguments, "--resume", cwd=folder, variables=variables).returncode == 0
    assert len(list((folder / "out").rglob("*.*"))) == 3


@pytest.mark.parametrize("option", ["--out", "--annotated"])
def test_an_output_where_nothing_may_be_written_is_told_before_anything_is_done(
    folder: Path, bundle: Path, option: str
) -> None:
    (folder / "locked").mkdir(mode=0o555)
    where = "locked/t.csv" if option == "--out" else "locked"
    run = faceannot("label", "photos", "--model", bundle, option, where, cwd=folder, preexec_fn=as_a_user)
    assert run.returncode == 1
    assert b"locked" in run.stderr
    assert run.stderr.strip().endswith(b"cannot be written: Permission denied")
    assert run.stdout == b""


def test_what_may_not_be_read_has_a_row_that_says_so(folder: Path, bundle: Path) -> None:
    fakes.save(fakes.photo(), folder / "photos" / "z" / "a.png")
    (folder / "photos" / "none.jpg").chmod(0)
    (folder / "photos" / "z").chmod(0)
    run = faceannot("label", "photos", "--model", bundle, "-q", cwd=folder, preexec_fn=as_a_user)
    (folder / "photos" / "z").chmod(0o755)
    assert run.returncode == 3
    said = {row["path"]: row["error"] for row in rows(run.stdout)}
    assert list(said) == ["a/x.png", "b/x.png", "none.jpg", "z"]
    assert "permission" in said["none.jpg"].lower()
    assert "permission" in said["z"].lower()


def test_a_folder_that_vanishes_costs_no_row_of_what_was_found(folder: Path, bundle: Path) -> None:
    names = [path.name for path in small_photos(folder, 400)]
    run = started("label", "many", "--model", bundle, "--threads", "1", "--batch-size", "1", "--quiet", cwd=folder)
    assert run.stdout and run.stderr
    first = b"".join(run.stdout.readline() for _ in range(3))
    shutil.rmtree(folder / "many")
    # Not `communicate`: it would pass over what `readline` has read ahead.
    table = rows(first + run.stdout.read())
    assert (run.wait(LIMIT_S), run.stderr.read()) == (3, b"")
    assert [row["path"] for row in table] == names
    assert {row["status"] for row in table[:2]} == {"no_face"}
    assert "no such file" in table[-1]["error"]


def test_a_photo_that_changes_all_the_time_has_a_row_each_time(folder: Path, bundle: Path) -> None:
    contents = [(folder / "photos" / "a" / "x.png").read_bytes(), b"", b"no photo"]
    contents.append(contents[0][: len(contents[0]) // 2])
    done = threading.Event()

    def change() -> None:
        number = 0
        while not done.is_set():
            (folder / "hot.png").write_bytes(contents[number % len(contents)])
            number += 1

    changing = threading.Thread(target=change)
    changing.start()
    options = ("--model", bundle, "--annotated", "out", "-q")
    run = faceannot("label", "-", *options, cwd=folder, input=b"hot.png\n" * 40)
    done.set()
    changing.join()
    assert run.returncode in (0, 3)
    assert run.stderr == b""
    assert sum(row["face"] in ("", "1") for row in rows(run.stdout)) == 40


def test_rows_reach_the_disk_while_standard_input_pauses(folder: Path, bundle: Path) -> None:
    run = started("label", "-", "--model", bundle, "--out", "t.csv", "--annotated", "out", cwd=folder)
    assert run.stdin
    try:
        for count in (1, 2, 3):
            run.stdin.write(b"photos/b/x.png\n")
            run.stdin.flush()
            wait_for(lambda count=count: len(lines_of(folder / "t.csv")) > count)  # type: ignore[misc]
    finally:
        run.communicate(timeout=LIMIT_S)
    assert run.returncode == 0


def lines_of(table: Path) -> list[bytes]:
    return table.read_bytes().splitlines() if table.exists() else []


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_a_closed_pipe_ends_a_run_quietly_in_every_format(folder: Path, bundle: Path, suffix: str) -> None:
    (folder / "list.txt").write_text("photos/b/x.png\n" * 60)
    run = shell(f"$faceannot label @list.txt --model {bundle} --format {suffix} -q | head -c 9", folder)
    assert (run.returncode, run.stderr, len(run.stdout)) == (0, b"", 9)


def test_resuming_what_is_complete_says_so(folder: Path, bundle: Path) -> None:
    arguments = ("label", "photos", "broken", "--model", bundle, "--out", "t.csv")
    assert faceannot(*arguments, cwd=folder).returncode == 3
    before = (folder / "t.csv").read_bytes()
    again = faceannot(*arguments, "--resume", cwd=folder)
    assert (again.returncode, again.stderr) == (3, b"t.csv is complete already (photos: 4)\n")
    (folder / "broken" / "bad.jpg").unlink()
    refused = faceannot(*arguments, "--resume", cwd=folder)
    assert refused.returncode == 1
    assert b"it is of other photos than these" in refused.stderr
    assert (folder / "t.csv").read_bytes() == before
