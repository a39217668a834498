"""The fuzz target runs for some seconds, and would notice what it looks for."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

TARGET = Path(__file__).with_name("fuzz_read.py")

# The extra dev installs atheris wherever it has wheels.
has_atheris = sys.platform == "linux" and platform.machine() == "x86_64"
pytestmark = pytest.mark.skipif(not has_atheris, reason="atheris is for Linux on x86-64")


def fuzz(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the target in `folder`, where it leaves what it finds."""
    command = [sys.executable, str(TARGET), "-seed=1", "-rss_limit_mb=2048", "-timeout=60", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)


def test_no_bytes_are_anything_but_a_picture_or_a_reason(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "-runs=300")
    assert done.returncode == 0, done.stderr[-3000:]
    assert not list(tmp_path.iterdir())
    assert "Done 300 runs" in done.stderr


def test_a_find_is_read_again_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "crash-1").write_bytes(b"\xff\xd8\xff")
    done = fuzz(tmp_path, "crash-1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Executed crash-1" in done.stderr
