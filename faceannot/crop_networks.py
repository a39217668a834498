"""Opens ONNX networks that take square crops and give numbers for each: the bundle's classifier and its verifier."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceannot.errors import BundleError
from faceannot.onnx_files import open_network

INPUT = "crops"


def open_crop_network(path: Path, kind: str, side_px: int, outputs: Mapping[str, int], *, threads: int = 1) -> Any:
    """The ONNX Runtime session of `path`, which takes `crops` (n, side_px, side_px, 3) float32, 0..255.

    `outputs`: name of each output and how many numbers (n, k) it has. `kind`, such as `classifier`, is for messages.
    Raises `BundleError` for a network with another interface, and for one that breaks on a black crop.
    """
    session = open_network(path, kind, threads=threads)
    _check_interface(session, path, side_px, outputs)
    _try(session, path, side_px, outputs)
    return session


def run(session: Any, outputs: Mapping[str, int], crops: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """What the network of `session` says of `crops` (n, side, side, 3), red-green-blue: an array for each output."""
    said: list[NDArray[np.float32]] = session.run(list(outputs), {INPUT: crops.astype(np.float32)})
    return said


def _check_interface(session: Any, path: Path, side_px: int, outputs: Mapping[str, int]) -> None:
    """Refuse a network whose inputs, sizes or outputs are not those that the description promises."""
    inputs = {put.name: put.shape for put in session.get_inputs()}
    if list(inputs) != [INPUT] or not _fits(inputs[INPUT], (side_px, side_px, 3)):
        raise BundleError(f"{path}: takes {_shown(inputs)}, expected {INPUT} (n, {side_px}, {side_px}, 3)")
    found = {put.name: put.shape for put in session.get_outputs()}
    if not all(name in found and _fits(found[name], (count,)) for name, count in outputs.items()):
        expected = ", ".join(f"{name} (n, {count})" for name, count in outputs.items())
        raise BundleError(f"{path}: gives {_shown(found)}, expected {expected}")


def _try(session: Any, path: Path, side_px: int, outputs: Mapping[str, int]) -> None:
    """Refuse a network that breaks on a black crop: what it promises of its sides and types need not be so."""
    try:
        said = run(session, outputs, np.zeros((1, side_px, side_px, 3), np.uint8))
    except Exception as error:
        raise BundleError(f"{path}: breaks on a black crop: {error}") from error
    for (name, count), found in zip(outputs.items(), said, strict=True):
        if found.shape != (1, count) or not np.isfinite(found).all():
            raise BundleError(f"{path}: for one crop, `{name}` has to be (1, {count}) finite numbers")


def _fits(shape: list[Any], sides: tuple[int, ...]) -> bool:
    """Whether the sides after the first, which has to be free, are just these or free."""
    return (
        len(shape) == len(sides) + 1
        and not isinstance(shape[0], int)
        and all(found == side or not isinstance(found, int) for found, side in zip(shape[1:], sides, strict=True))
    )


def _shown(puts: dict[str, list[Any]]) -> str:
    return ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in puts.items())
