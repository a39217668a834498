"""`faceannot info`: versions, models, hashes and processors: what a bug report needs."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from faceannot._version import __version__
from faceannot.cli.exits import exit_codes
from faceannot.defaults import usable_cpus

_PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "pillow", "pillow-heif", "typer", "pyarrow", "keras")


def info(
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another bundle than the one that comes with faceannot.")
    ] = None,
) -> None:
    """Show versions, models with their hashes, and processors: what a bug report needs."""
    with exit_codes():
        _show(_environment())
        _show(_models(model))


def _show(pairs: Iterator[tuple[str, object]]) -> None:
    for name, value in pairs:
        typer.echo(f"{name:24}{value}")


def _environment() -> Iterator[tuple[str, object]]:
    yield "faceannot", __version__
    yield "python", platform.python_version()
    yield "system", platform.platform()
    yield "processors", usable_cpus()
    for package in _PACKAGES:
        yield package, _installed(package)


def _installed(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _models(model: Path | None) -> Iterator[tuple[str, object]]:
    from faceannot.bundle import load_bundle
    from faceannot.runtime import onnxruntime

    yield "providers", ", ".join(onnxruntime().get_available_providers())
    bundle = load_bundle(model)
    yield "bundle", bundle.name
    yield "bundle folder", bundle.folder
    yield "bundle sha256", bundle.sha256
    yield "bundle licence", bundle.licence
    for name, path, sha256 in (
        ("detector", bundle.detector, bundle.detector_sha256),
        *([("verifier", again.path, again.sha256)] if (again := bundle.verification) else []),
        ("classifier", bundle.classifier, bundle.classifier_sha256),
    ):
        yield name, f"{path.name}, {path.stat().st_size / 1000:.0f} kB"
        yield f"{name} sha256", sha256
    yield "detection threshold", bundle.detection_threshold
    yield "unsure threshold", bundle.unsure_threshold
