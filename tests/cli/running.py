"""Runs the command as a person would, in a folder with photos and a fake bundle."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "faceannot"]
LIMIT_S = 120


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}


def faceannot(
    *arguments: str | Path, cwd: Path, variables: Mapping[str, str | None] | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run `faceannot` to its end; standard output and error are kept as bytes.

    `variables`: what is different in the environment, None for what is not there.
    """
    env = environment() | dict(variables or {})
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env={name: value for name, value in env.items() if value is not None},
        stdin=subprocess.DEVNULL if "input" not in options else None,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
        **options,
    )


def started(*arguments: str | Path, cwd: Path) -> subprocess.Popen[bytes]:
    """Start `faceannot` with pipes, as the leader of its own process group."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in which `$faceannot` is the command; a failure anywhere in a pipe is the line's."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=cwd,
        env=environment() | {"faceannot": " ".join(COMMAND)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
