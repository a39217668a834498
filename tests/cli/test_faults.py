"""What the disk, the system or other programs do to a run: a message, the right exit code, and what was done stays."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import faceannot


def test_nothing_is_kept_in_the_home_folder_and_nothing_reported(folder: Path, bundle: Path) -> None:
    (folder / "home").mkdir()
    # Without what turns the reports of ONNX Runtime off anyway, and where it would keep them.
    variables = {"HOME": str(folder / "home"), "XDG_CACHE_HOME": None, "ORT_DISABLE_TELEMETRY": None, "CI": None}
    run = faceannot("label", "photos", "--model", bundle, cwd=folder, variables=variables)
    assert run.returncode == 0
    assert list((folder / "home").rglob("*")) == []
