"""What the wheel and the source distribution carry, and that an installed copy finds its models."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODELS = {"bundle.json", "detector.onnx", "classifier.onnx", "MODEL_CARD.md"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


@pytest.fixture(scope="module")
def source_names(built: Path) -> set[str]:
    with tarfile.open(next(built.glob("*.tar.gz"))) as opened:
        return {name.partition("/")[2] for name in opened.getnames()}


def package_files() -> set[str]:
    """Every file of the package in the checkout, but not what Python has compiled."""
    found = (path for path in (ROOT / "faceannot").rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


def test_the_wheel_carries_the_whole_package(wheel: zipfile.ZipFile) -> None:
    assert package_files() <= set(wheel.namelist())


def test_the_wheel_carries_the_models(wheel: zipfile.ZipFile) -> None:
    assert {f"faceannot/models/{name}" for name in MODELS} <= set(wheel.namelist())


def test_the_wheel_carries_nothing_outside_the_package(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert len(tops) == 2
    assert all(top == "faceannot" or top.endswith(".dist-info") for top in tops)


def test_the_wheel_carries_both_licences(wheel: zipfile.ZipFile, metadata: Message) -> None:
    names = {name.rpartition(".dist-info/licenses/")[2] for name in wheel.namelist()}
    assert {"LICENSE", "LICENSE-MODELS.md"} <= names
    assert metadata["License-Expression"] == "MIT AND LicenseRef-faceannot-models"


def test_the_core_needs_no_training_library(metadata: Message) -> None:
    core = [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need]
    assert core
    assert not [need for need in core if need.startswith(("tensorflow", "keras", "torch", "h5py", "matplotlib"))]


def test_the_source_distribution_is_complete(source_names: set[str]) -> None:
    others = {
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "LICENSE-MODELS.md",
        "tests/conftest.py",
        ".ci/run",
    }
    assert package_files() | others | {f"models/{name}" for name in MODELS} <= source_names


def test_an_installed_copy_finds_its_models_outside_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    wheel.extractall(installed)
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "faceannot", "info"],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(installed)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert str(installed / "faceannot" / "models") in done.stdout
