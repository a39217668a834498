"""Progress is drawn on a terminal, and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from types import FrameType

from faceannot.cli.progress import open_bar
from tests import fakes
from tests.cli.running import COMMAND, LIMIT_S, environment, faceannot


def on_a_terminal(*arguments: str | Path, cwd: Path) -> str:
    """What the command shows on a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=cwd, env=environment(), stdout=subprocess.DEVNULL, stderr=theirs
    ) as run:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # the terminal closes with the last process that has it
            pass
        run.wait(LIMIT_S)
    os.close(ours)
    return shown.decode()


def test_a_terminal_shows_photos_faces_failures_and_the_rate(folder: Path, bundle: Path) -> None:
    shown = on_a_terminal("label", "photos", "broken", "--model", bundle, cwd=folder)
    assert "4/4" in shown
    assert "faces=3" in shown
    assert "failed=1" in shown
    assert "photos/s" in shown or "s/ photos" in shown


def test_pictures_that_the_run_itself_writes_are_not_counted(folder: Path, bundle: Path) -> None:
    arguments = ("label", "photos", "--model", bundle, "--annotated", "photos/out")
    faceannot(*arguments, cwd=folder)
    assert "3/3" in on_a_terminal(*arguments, "--overwrite", cwd=folder)


def test_quiet_shows_nothing_on_a_terminal(folder: Path, bundle: Path) -> None:
    assert on_a_terminal("label", "photos", "--model", bundle, "--quiet", cwd=folder) == ""


def test_no_terminal_sees_no_progress(folder: Path, bundle: Path) -> None:
    run = faceannot("label", "photos", "--model", bundle, cwd=folder)
    assert b"faces=" not in run.stderr
    assert b"\r" not in run.stderr


def test_a_terminal_of_no_known_size_sees_how_far_evaluate_and_prepare_are(tmp_path: Path, bundle: Path) -> None:
    for number in range(3):
        fakes.save(fakes.photo((5, 5 + number, fakes.SAD_MALE)), tmp_path / "faces" / "test" / "sad" / f"{number}.png")
    data = ("--data", "folders:faces", "--model", bundle)
    assert "3/3" in on_a_terminal("evaluate", *data, cwd=tmp_path)
    shown = on_a_terminal("prepare", *data, "--out", "crops", cwd=tmp_path)
    assert "folders" in shown
    assert "3/3" in shown


def test_nothing_of_python_runs_when_a_bar_is_forgotten_where_ctrl_c_could_land() -> None:
    ran = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            ran.append(frame.f_code.co_name)

    bar = open_bar(" photos", hidden=True)
    bar.close()
    sys.setprofile(note)
    del bar
    sys.setprofile(None)
    assert ran == []
