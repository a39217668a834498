"""What the readers share: folders of pictures, and text files whose errors name the file and the line."""

from __future__ import annotations

import csv
import logging
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from faceannot.datasets.example import Example
from faceannot.errors import DatasetError
from faceannot.formats import SUFFIXES

_log = logging.getLogger(__name__)
# A folder is recognised by its first entries; some hold 200,000.
_LOOKED_AT = 500


def is_picture(path: Path) -> bool:
    """Whether a file's name is that of a picture; names that begin with a dot are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def pictures(folder: Path) -> list[Path]:
    """The pictures right in `folder`, by name; none where there is no such folder."""
    return sorted(path for path in folder.iterdir() if is_picture(path)) if folder.is_dir() else []


def first_entries(folder: Path) -> list[Path]:
    """Some of what lies in `folder`, to recognise it by."""
    return list(islice(folder.iterdir(), _LOOKED_AT)) if folder.is_dir() else []


def present(examples: Iterable[Example], listed_in: Path) -> list[Example]:
    """Those whose picture is there; how many are missing is reported. Raises `DatasetError` when none is there."""
    listed = list(examples)
    found = [example for example in listed if example.path.is_file()]
    if not found:
        first = f", such as {listed[0].path}" if listed else ""
        raise DatasetError(f"{listed_in}: none of the pictures that it lists is there{first}")
    if len(found) < len(listed):
        missing = next(example for example in listed if not example.path.is_file())
        _log.warning(
            "%s: %d of %d pictures are missing, such as %s",
            listed_in,
            len(listed) - len(found),
            len(listed),
            missing.path,
        )
    return found


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank. Raises `DatasetError` where the file is not UTF-8 text."""
    if not path.is_file():
        raise DatasetError(f"{path}: no such file")
    try:
        with path.open(encoding="utf-8-sig", newline=None) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from error


def read_rows(path: Path, needed: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of each row of a CSV with a header, without surrounding blanks.

    Raises `DatasetError`, naming file and line, where a column of `needed` is missing or a row is shorter or longer
    than the header.
    """
    if not path.is_file():
        raise DatasetError(f"{path}: no such file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(path, csv.reader(file), needed)
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from error


def _rows(path: Path, reader: Iterator[list[str]], needed: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = sorted(set(needed) - set(header))
        if missing:
            raise DatasetError(f"{path}:1: no column {', '.join(missing)}; found {', '.join(header) or 'nothing'}")
        for row in reader:
            number = reader.line_num  # type: ignore[attr-defined]
            if not any(field.strip() for field in row):
                continue
            if len(row) != len(header):
                raise DatasetError(f"{path}:{number}: {len(row)} fields, but the header has {len(header)}")
            yield number, dict(zip(header, (field.strip() for field in row), strict=True))
    except csv.Error as error:
        raise DatasetError(f"{path}:{reader.line_num}: not CSV: {error}") from error  # type: ignore[attr-defined]


def whole_number(text: str, where: str, low: int, high: int) -> int:
    """`text` as a number from `low` to `high`. Raises `DatasetError` that begins with `where`."""
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise DatasetError(f"{where}: expected a number from {low} to {high}, found {text!r}")
    return int(text)
