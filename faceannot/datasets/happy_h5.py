"""HDF5 files of happy and other faces: `train_happy.h5`, `test_happy.h5`, as in the 600-image happy set (64x64)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from faceannot.datasets.example import Example, Split, one_hot
from faceannot.datasets.files import first_entries
from faceannot.errors import DatasetError, FaceannotError, PhotoError
from faceannot.plain_files import shortened
from faceannot.records import Expression

if TYPE_CHECKING:
    from faceannot.images import RgbArray

LAYOUT = """\
PATH/train_happy.h5    train_set_x (n, 64, 64, 3) uint8 RGB, train_set_y (n,): 1 = happy, 0 = not happy
PATH/test_happy.h5     test_set_x, test_set_y; one of the two files is enough
PATH may be a file"""
SUFFIXES = (".h5", ".hdf5")
_PARTS: tuple[Split, ...] = ("train", "test")
_EXPECTED = "expected train_set_x and train_set_y, or test_set_x and test_set_y"
# A file of some kilobytes can claim any size, and all of it would be made in memory.
_MOST_PICTURES, _LARGEST_SIDE_PX, _LARGEST_CHUNK_BYTES = 1_000_000, 4096, 256 << 20


def looks_like(path: Path) -> bool:
    return any(entry.suffix in SUFFIXES for entry in (first_entries(path) if path.is_dir() else [path]))


def read(path: Path, not_happy: Literal["sad", "none"] = "sad") -> Iterator[Example]:
    """Every picture of one file, or of all in a folder. What is not happy is sad, or has no label with "none".

    The published projects on this set call everything sad that is not happy. Raises `DatasetError` naming the file
    and the key.
    """
    others: Expression | None = "sad" if not_happy == "sad" else None
    for file in _files(path):
        for index, (split, label) in enumerate(_labels(file)):
            expression = "happy" if label else others
            shares = one_hot(expression) if expression else None
            yield Example("happy-h5", f"{file.name}#{index}", file, split, expression=shares, index=index)


def picture(path: Path, index: int) -> RgbArray:
    """Picture `index` of a file, counted through training and then test. Raises `PhotoError`."""
    try:
        with _opened(path) as file:
            for part in _PARTS:
                if f"{part}_set_x" in file:
                    pixels, _ = _sets(path, file, part)
                    if index < len(pixels):
                        return pixels[index]  # type: ignore[no-any-return]
                    index -= len(pixels)
    except DatasetError as error:
        raise PhotoError(str(error)) from error
    raise PhotoError("no such picture in this file")


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(one for one in path.iterdir() if one.suffix in SUFFIXES and one.is_file()) if path.is_dir() else []
    if not found:
        raise DatasetError(f"{path}: no HDF5 file; expected train_happy.h5 or test_happy.h5")
    return found


def _labels(path: Path) -> list[tuple[Split, bool]]:
    found: list[tuple[Split, bool]] = []
    with _opened(path) as file:
        for part in _PARTS:
            if f"{part}_set_x" in file or f"{part}_set_y" in file:
                _, labels = _sets(path, file, part)
                found += [(part, label) for label in _values(path, f"{part}_set_y", labels)]
        if not found:
            raise DatasetError(f"{path}: {_EXPECTED}; found {_names(file)}")
    return found


def require_h5py(path: Path, doing: str) -> None:
    """Raise `DatasetError` where h5py is missing, which `doing` something with `path` needs."""
    try:
        import h5py  # noqa: F401
    except ImportError as error:
        raise DatasetError(f"{path}: {doing} HDF5 needs h5py: pip install h5py") from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    require_h5py(path, "reading")
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except FaceannotError:
        raise
    # Where in a file the damage is decides what h5py raises: OSError, KeyError, RuntimeError, TypeError ...
    except Exception as error:
        raise DatasetError(f"{path}: not a whole HDF5 file, fetch it again ({error})") from error


def _names(file: Any) -> str:
    return shortened(", ".join(map(str, file)), 200) or "nothing"


def _sets(path: Path, file: Any, part: str) -> tuple[Any, Any]:
    """The pictures and the labels of a part, checked but not read."""
    pixels, labels = _dataset(path, file, f"{part}_set_x"), _dataset(path, file, f"{part}_set_y")
    if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.dtype != "uint8" or 0 in pixels.shape[1:]:
        raise DatasetError(
            f"{path}: {part}_set_x has to be (n, height, width, 3) uint8, not {pixels.shape} {pixels.dtype}"
        )
    if labels.size != len(pixels) or labels.dtype.kind not in "iub" or max(labels.shape, default=0) != len(pixels):
        raise DatasetError(
            f"{path}: {part}_set_y has to be ({len(pixels)},) integers, one for each picture, "
            f"not {labels.shape} {labels.dtype}"
        )
    _check_size(path, f"{part}_set_x", pixels)
    _check_size(path, f"{part}_set_y", labels)
    return pixels, labels


def _check_size(path: Path, key: str, array: Any) -> None:
    """Refuse an array that would fill the memory, whatever little of it the file holds."""
    # Labels are as many as pictures, (n,) or (1, n) or (n, 1).
    if max(array.shape) > _MOST_PICTURES or (array.ndim == 4 and max(array.shape[1:]) > _LARGEST_SIDE_PX):
        raise DatasetError(
            f"{path}: {key} claims the shape {array.shape}; at most {_MOST_PICTURES:,} pictures of "
            f"{_LARGEST_SIDE_PX} x {_LARGEST_SIDE_PX} are read"
        )
    if array.chunks and math.prod(array.chunks) * array.dtype.itemsize > _LARGEST_CHUNK_BYTES:
        raise DatasetError(f"{path}: {key} lies in chunks of {array.chunks}, too large to be read one by one")


def _dataset(path: Path, file: Any, key: str) -> Any:
    """The array `key` that lies in this very file: an HDF5 file can name others, which a data set has no reason to."""
    import h5py

    if key not in file:
        raise DatasetError(f"{path}: no key {key}; {_EXPECTED}; found {_names(file)}")
    found = file[key] if isinstance(file.get(key, getlink=True), h5py.HardLink) else None
    if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external:
        raise DatasetError(f"{path}: {key} has to be an array in this file, not a group or a link to another file")
    return found


def _values(path: Path, key: str, labels: Any) -> list[bool]:
    try:
        values = labels[...].reshape(-1).tolist()
    except Exception as error:  # as in `_opened`
        raise DatasetError(f"{path}: {key} cannot be read: {error}") from error
    for row, value in enumerate(values):
        if value not in (0, 1):
            raise DatasetError(f"{path}: {key}[{row}] has to be 1 (happy) or 0 (not happy), not {value}")
    return [bool(value) for value in values]
