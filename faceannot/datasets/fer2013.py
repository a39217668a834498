"""FER2013: 48x48 grey faces of seven expressions, as the original CSV or as class folders (Goodfellow et al. 2013)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from faceannot.datasets import words
from faceannot.datasets.example import Example, Split, one_hot
from faceannot.datasets.files import first_entries, pictures
from faceannot.errors import DatasetError, PhotoError
from faceannot.plain_files import shortened
from faceannot.records import Expression

if TYPE_CHECKING:
    from faceannot.images import RgbArray

LAYOUT = """\
PATH/fer2013.csv    emotion,pixels,Usage
                    0,70 80 82 ...,Training    (0 anger, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral)
PATH may be the file; or class folders:
PATH/train/angry/Training_3908.jpg
PATH/test/angry/PrivateTest_88305.jpg    (PublicTest_ is validation, PrivateTest_ is test)"""
SIDE_PX = 48
# Four letters a pixel, and some.
_LONGEST_LINE = 100_000
_CLASSES: tuple[Expression, ...] = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_USAGES: dict[str, Split] = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
_COLUMNS = ("emotion", "pixels", "usage")
_TABLES = ("fer2013.csv", "icml_face_data.csv")


@dataclass(frozen=True, slots=True)
class _Line:
    """`offset`: the byte at which it begins."""

    number: int
    offset: int
    fields: list[str]


def looks_like(path: Path) -> bool:
    if path.is_file():
        return path.suffix == ".csv" and _is_table(path)
    if any((path / name).is_file() for name in _TABLES):
        return True
    return any(
        picture.name.startswith(tuple(f"{usage}_" for usage in _USAGES))
        for part in ("train", "test")
        for expression in first_entries(path / part)
        for picture in first_entries(expression)
    )


def read(path: Path) -> Iterator[Example]:
    """Every picture of the CSV, or of the folders `train/CLASS` and `test/CLASS`.

    Raises `DatasetError` naming file and line.
    """
    tables = [path] if path.is_file() else [path / name for name in _TABLES if (path / name).is_file()]
    yield from _from_table(tables[0]) if tables else _from_folders(path)


def picture(path: Path, index: int) -> RgbArray:
    """The grey picture of the CSV's line that begins at byte `index`, as RGB. Raises `PhotoError`."""
    import numpy as np

    try:
        with path.open("rb") as file:
            column = _header(path, _fields(path, 1, file.readline(_LONGEST_LINE))).index("pixels")
            file.seek(index)
            values = np.array(_fields(path, 0, file.readline(_LONGEST_LINE))[column].split(), dtype=np.int64)
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error
    except (DatasetError, ValueError, IndexError, OverflowError) as error:
        raise PhotoError(f"no pixels in {_place(path, index)}: {error}") from error
    if values.size != SIDE_PX**2 or values.min() < 0 or values.max() > 255:
        raise PhotoError(f"expected {SIDE_PX**2} pixels from 0 to 255 in {_place(path, index)}")
    grey = values.astype(np.uint8).reshape(SIDE_PX, SIDE_PX, 1)
    return np.repeat(grey, 3, axis=2)


def _place(path: Path, offset: int) -> str:
    """The line that begins at byte `offset`, for a message."""
    with path.open("rb") as file:
        line = file.read(offset).count(b"\n") + 1
    return f"{path.name}:{line}"


def _from_table(path: Path) -> Iterator[Example]:
    lines = _lines(path)
    header = _header(path, next(lines, _Line(1, 0, [])).fields)
    empty = True
    for line in lines:
        if line.fields:
            empty = False
            yield _example(path, line, header)
    if empty:
        raise DatasetError(f"{path}: no rows below the header")


def _example(path: Path, line: _Line, header: list[str]) -> Example:
    where = f"{path}:{line.number}"
    if len(line.fields) != len(header):
        raise DatasetError(f"{where}: {len(line.fields)} fields, but the header has {len(header)}")
    row = dict(zip(header, line.fields, strict=True))
    emotion, usage = row["emotion"], row["usage"]
    if emotion not in tuple("0123456"):
        raise DatasetError(f"{where}: emotion has to be 0 to 6, found {shortened(repr(emotion))}")
    if usage not in _USAGES:
        raise DatasetError(f"{where}: Usage has to be one of {', '.join(_USAGES)}, found {shortened(repr(usage))}")
    if len(row["pixels"].split()) != SIDE_PX**2:
        raise DatasetError(f"{where}: {len(row['pixels'].split())} pixels, expected {SIDE_PX} x {SIDE_PX}")
    shares = one_hot(_CLASSES[int(emotion)])
    return Example("fer2013", f"{path.name}#{line.number}", path, _USAGES[usage], expression=shares, index=line.offset)


def _lines(path: Path) -> Iterator[_Line]:
    with path.open("rb") as file:
        offset = 0
        for number in count(1):
            line = file.readline(_LONGEST_LINE + 1)
            if not line:
                return
            yield _Line(number, offset, _fields(path, number, line))
            offset += len(line)


def _fields(path: Path, number: int, line: bytes) -> list[str]:
    if len(line) > _LONGEST_LINE:
        raise DatasetError(f"{path}:{number}: not a line of FER2013's CSV (longer than {_LONGEST_LINE:,} bytes)")
    try:
        return [field.strip() for fields in csv.reader([line.decode("utf-8-sig")]) for field in fields]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}:{number}: not a line of FER2013's CSV ({error})") from error


def _header(path: Path, fields: list[str]) -> list[str]:
    header = [name.lower() for name in fields]
    if set(_COLUMNS) - set(header):
        found = shortened(", ".join(fields), 200) or "none"
        raise DatasetError(f"{path}:1: expected the columns emotion, pixels, Usage; found {found}")
    return header


def _is_table(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return not set(_COLUMNS) - {name.lower() for name in _fields(path, 1, file.readline(200))}
    except DatasetError:
        return False


def _from_folders(folder: Path) -> Iterator[Example]:
    found = [
        (path, expression)
        for part in ("train", "test")
        for inside in (sorted((folder / part).iterdir()) if (folder / part).is_dir() else [])
        for path, expression in _of_class(inside)
    ]
    if not found:
        raise DatasetError(f"{folder}: neither fer2013.csv nor pictures in train/angry, test/happy and so on")
    for path, expression in found:
        usage = path.name.partition("_")[0]
        split = _USAGES.get(usage, words.SPLITS[path.parent.parent.name])
        yield Example("fer2013", path.relative_to(folder).as_posix(), path, split, expression=one_hot(expression))


def _of_class(folder: Path) -> list[tuple[Path, Expression]]:
    if not folder.is_dir():
        return []
    if folder.name.lower() not in words.EXPRESSIONS:
        raise DatasetError(f"{folder}: no expression of FER2013; expected {', '.join(_CLASSES)}")
    return [(path, words.EXPRESSIONS[folder.name.lower()]) for path in pictures(folder)]
