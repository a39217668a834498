"""A run that is stopped leaves what was finished, says so, and goes on to the very file it would have made."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import fakes
from tests.cli.running import LIMIT_S, faceannot, started

PHOTOS = 40
FORMATS = ["csv", "json", "jsonl", "parquet"]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """`photos/` with 40 photos: 0 to 3 faces each, some of them broken."""
    for number in range(PHOTOS):
        path = tmp_path / "photos" / f"{number:02}.png"
        fakes.save(fakes.photo(*((column, 2, fakes.SAD_MALE) for column in range(number % 4))), path)
        if number % 13 == 5:
            path.write_bytes(b"broken")
    return tmp_path


def stopped(many: Path, bundle: Path, stop: int, *options: str) -> tuple[int, bytes]:
    """Exit code and standard error of a run that was stopped while paths were still to come on standard input.

    Some rows are on disk by then, and some photos are on their way.
    """
    run = started("label", "-", "--model", bundle, "--batch-size", "4", *options, cwd=many)
    assert run.stdin
    run.stdin.write(b"".join(f"photos/{number:02}.png\n".encode() for number in range(PHOTOS - 10)))
    run.stdin.flush()
    wait_for(lambda: lines(many / options[1]) > 3)
    if stop == signal.SIGINT:
        os.killpg(run.pid, stop)  # as a terminal does
    else:
        run.send_signal(stop)
    # Standard input stays open: the run must not need its end.
    assert run.stderr
    error = run.stderr.read()
    return run.wait(LIMIT_S), error


def lines(out: Path) -> int:
    journal = out.with_name(out.name + ".journal")
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def paths_given() -> bytes:
    return b"".join(f"photos/{number:02}.png\n".encode() for number in range(PHOTOS))


@pytest.mark.parametrize("suffix", FORMATS)
def test_ctrl_c_then_resume_gives_the_same_file(many: Path, bundle: Path, suffix: str) -> None:
    out = f"labels.{suffix}"
    code, error = stopped(many, bundle, signal.SIGINT, "--out", out)
    assert code == 130
    assert (
        error.decode()
        .strip()
        .endswith(f"what was finished is in {out}, and the same command with --resume goes on from there.")
    )
    assert b"Traceback" not in error
    assert (many / out).exists()
    arguments = ("label", "-", "--model", bundle, "--quiet", "--out")
    again = faceannot(*arguments, out, "--resume", cwd=many, input=paths_given())
    assert (again.returncode, again.stderr) == (3, b"")
    faceannot(*arguments, f"whole.{suffix}", cwd=many, input=paths_given())
    assert (many / out).read_bytes() == (many / f"whole.{suffix}").read_bytes()
    assert not (many / f"{out}.journal").exists()


def test_a_run_that_overwrites_says_how_it_really_goes_on(many: Path, bundle: Path) -> None:
    (many / "labels.csv").write_text("of yesterday")
    code, error = stopped(many, bundle, signal.SIGINT, "--out", "labels.csv", "--overwrite")
    assert code == 130
    assert b"the same command with --resume instead of --overwrite goes on" in error
    again = faceannot("label", "-", "--model", bundle, "--out", "labels.csv", "--resume", cwd=many, input=paths_given())
    assert again.returncode == 3
    assert not (many / "labels.csv.journal").exists()


def test_a_run_into_a_pipe_is_not_said_to_go_on(many: Path, bundle: Path) -> None:
    os.mkfifo(many / "pipe")
    run = started("label", "-", "--model", bundle, "--out", "pipe", "--format", "csv", cwd=many)
    assert run.stdin
    run.stdin.write(b"photos/00.png\n")
    run.stdin.flush()
    with (many / "pipe").open("rb") as pipe:
        assert pipe.readline()
        os.killpg(run.pid, signal.SIGINT)
        _, error = run.communicate(timeout=LIMIT_S)
    assert run.returncode == 130
    assert error.strip().endswith(b"faceannot: stopped.")


def test_what_was_finished_is_not_read_again(many: Path, bundle: Path) -> None:
    stopped(many, bundle, signal.SIGINT, "--out", "labels.jsonl")
    before = (many / "labels.jsonl").read_bytes()
    assert before.count(b"\n") >= 3
    # With another content of the same size and time a photo can be told from one that was read again.
    first = many / "photos" / "01.png"
    times = first.stat()
    first.write_bytes(b"x" * times.st_size)
    os.utime(first, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert b'"photos/01.png", "status": "ok"' in before
    faceannot("label", "-", "--model", bundle, "--out", "labels.jsonl", "--resume", cwd=many, input=paths_given())
    assert (many / "labels.jsonl").read_bytes().startswith(before)


def test_sigterm_stops_like_ctrl_c_with_143(many: Path, bundle: Path) -> None:
    code, error = stopped(many, bundle, signal.SIGTERM, "--out", "labels.csv")
    assert code == 143
    assert b"--resume goes on" in error
    assert b"Traceback" not in error


def test_a_run_that_was_killed_goes_on_too(many: Path, bundle: Path) -> None:
    stopped(many, bundle, signal.SIGKILL, "--out", "labels.csv", "--annotated", "out")
    arguments = ("label", "-", "--model", bundle, "--quiet", "--out")
    faceannot(*arguments, "labels.csv", "--annotated", "out", "--resume", cwd=many, input=paths_given())
    faceannot(*arguments, "whole.csv", "--annotated", "whole", cwd=many, input=paths_given())
    assert (many / "labels.csv").read_bytes() == (many / "whole.csv").read_bytes()
    assert pictures(many / "out") == pictures(many / "whole")


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.png")}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_leaves_no_process_behind(many: Path, bundle: Path, stop: int) -> None:
    code, _ = stopped(many, bundle, stop, "--out", "labels.csv", "--annotated", "out")
    assert code
    wait_for(lambda: not processes_in(many))


def processes_in(folder: Path) -> list[Path]:
    """The processes whose current folder is `folder`, as this run's are."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink() == folder:
                found.append(link)
        except OSError:  # ended meanwhile, or somebody else's
            continue
    return found


def test_other_options_do_not_go_on_with_a_run(many: Path, bundle: Path) -> None:
    stopped(many, bundle, signal.SIGINT, "--out", "labels.csv")
    before = (many / "labels.csv").read_bytes()
    arguments = ("label", "photos", "--model", bundle, "--out", "labels.csv", "--resume")
    run = faceannot(*arguments, "--smallest-face", "30", cwd=many)
    assert run.returncode == 1
    assert b"smallest_face" in run.stderr
    assert (many / "labels.csv").read_bytes() == before


def test_a_stopped_run_is_not_silently_begun_anew(many: Path, bundle: Path) -> None:
    stopped(many, bundle, signal.SIGINT, "--out", "labels.csv")
    run = faceannot("label", "photos", "--model", bundle, "--out", "labels.csv", cwd=many)
    assert run.returncode == 1
    assert b"--resume" in run.stderr


def test_two_runs_cannot_write_the_same_table(many: Path, bundle: Path) -> None:
    run = started("label", "-", "--model", bundle, "--out", "labels.csv", cwd=many)
    assert run.stdin
    run.stdin.write(b"photos/00.png\n")
    run.stdin.flush()
    wait_for(lambda: lines(many / "labels.csv") > 0)
    second = faceannot("label", "photos", "--model", bundle, "--out", "labels.csv", "--overwrite", cwd=many)
    assert second.returncode == 1
    assert b"another run" in second.stderr
    run.communicate(timeout=LIMIT_S)
    assert run.returncode == 0


def test_ctrl_c_at_any_moment_shows_no_traceback(many: Path, bundle: Path) -> None:
    # Python itself needs a moment before it can do anything about it.
    for moment in (0.3, 0.6, 0.9, 1.2):
        options = ("--out", f"{moment}.csv", "--annotated", f"out-{moment}", "--quiet")
        run = started("label", "photos", "--model", bundle, *options, cwd=many)
        time.sleep(moment)
        os.killpg(run.pid, signal.SIGINT)
        _, error = run.communicate(timeout=LIMIT_S)
        assert b"Traceback" not in error
        assert run.returncode in (130, -signal.SIGINT, 3)


def test_ctrl_c_twice_stops_as_once(many: Path, bundle: Path) -> None:
    run = started("label", "-", "--model", bundle, "--out", "labels.csv", "--batch-size", "4", cwd=many)
    assert run.stdin
    run.stdin.write(paths_given())
    run.stdin.flush()
    wait_for(lambda: lines(many / "labels.csv") > 3)
    for _ in range(2):
        os.killpg(run.pid, signal.SIGINT)
        time.sleep(0.03)
    _, error = run.communicate(timeout=LIMIT_S)
    assert run.returncode == 130
    assert b"Traceback" not in error
