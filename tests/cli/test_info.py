"""`faceannot info`, `--version` and help."""

from __future__ import annotations

import re
from pathlib import Path

from faceannot import __version__
from faceannot.bundle import file_sha256
from tests.cli.running import faceannot


def test_the_version_is_shown(tmp_path: Path) -> None:
    assert faceannot("--version", cwd=tmp_path).stdout.decode() == f"faceannot {__version__}\n"


def test_info_shows_versions_and_the_hashes_of_the_models(tmp_path: Path, bundle: Path) -> None:
    run = faceannot("info", "--model", bundle, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, b"")
    shown = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in run.stdout.decode().splitlines())
    assert shown["faceannot"] == __version__
    assert "CPUExecutionProvider" in shown["providers"]
    assert shown["bundle sha256"] == file_sha256(bundle / "bundle.json")
    assert shown["detector sha256"] == file_sha256(bundle / "detector.onnx")
    assert shown["classifier sha256"] == file_sha256(bundle / "classifier.onnx")


def test_info_shows_what_it_can_of_a_bundle_that_is_broken(tmp_path: Path) -> None:
    run = faceannot("info", "--model", tmp_path, cwd=tmp_path)
    assert run.returncode == 1
    assert b"onnxruntime" in run.stdout
    assert b"bundle.json" in run.stderr


def test_help_says_what_labels_are_and_are_not(tmp_path: Path) -> None:
    for arguments in (["--help"], ["label", "--help"], ["evaluate", "--help"]):
        words = " ".join(faceannot(*arguments, cwd=tmp_path).stdout.decode().split())
        assert "what they feel" in words
        assert "who somebody is" in words
