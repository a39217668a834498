"""What the readers share: folders of pictures, and text files whose errors name the file and the line."""

from __future__ import annotations

import csv
import logging
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import TextIO

from faceannot.datasets.example import Example
from faceannot.errors import DatasetError
from faceannot.formats import SUFFIXES
from faceannot.plain_files import shortened

_log = logging.getLogger(__name__)
# The longest line of any known set, FER2013's, has 10,000 letters. A file without line ends would fill the memory.
_LONGEST_LINE = 1_000_000
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
    # os.path says False where Path raises: a name that is too long.
    there = [os.path.isfile(example.path) for example in listed]  # noqa: PTH113
    found = [example for example, one in zip(listed, there, strict=True) if one]
    if not found:
        first = f", such as {shortened(str(listed[0].path), 300)}" if listed else ""
        raise DatasetError(f"{listed_in}: none of the pictures that it lists is there{first}")
    if len(found) < len(listed):
        missing = listed[there.index(False)]
        _log.warning(
            "%s: %d of %d pictures are missing, such as %s",
            listed_in,
            len(listed) - len(found),
            len(listed),
            shortened(str(missing.path), 300),
        )
    return found


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank. Raises `DatasetError` where the file is not UTF-8 text."""
    if not path.is_file():
        raise DatasetError(f"{path}: no such file")
    try:
        with path.open(encoding="utf-8-sig", newline=None) as file:
            for number, line in enumerate(_lines(path, file), start=1):
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
            yield from _rows(path, csv.reader(_lines(path, file)), needed)
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from error


def header_of(path: Path) -> list[str]:
    """The names in the first line of a CSV; none where it cannot be read, which `read_rows` tells of."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [name.strip() for name in next(csv.reader(_lines(path, file)), [])]
    except (OSError, UnicodeDecodeError, csv.Error, DatasetError):
        return []


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of `file`. Raises `DatasetError` for one that is longer than any."""
    for number in count(1):
        line = file.readline(_LONGEST_LINE + 1)
        if not line:
            return
        if len(line) > _LONGEST_LINE:
            raise DatasetError(f"{path}:{number}: longer than {_LONGEST_LINE:,} letters; is it a text file?")
        yield line


def _rows(path: Path, reader: Iterator[list[str]], needed: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header, needed)
        # A row begins after the line in which the one before ends: quotes may hold line ends.
        for number, row in _numbered(reader):
            if not any(field.strip() for field in row):
                continue
            if len(row) != len(header):
                raise DatasetError(f"{path}:{number}: {len(row)} fields, but the header has {len(header)}")
            yield number, dict(zip(header, (field.strip() for field in row), strict=True))
    except csv.Error as error:
        raise DatasetError(f"{path}:{reader.line_num}: not CSV: {error}") from error  # type: ignore[attr-defined]


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    while True:
        number = reader.line_num + 1  # type: ignore[attr-defined]
        row = next(reader, None)
        if row is None:
            return
        yield number, row


def _check_header(path: Path, header: Sequence[str], needed: Collection[str]) -> None:
    missing = sorted(set(needed) - set(header))
    if missing:
        found = shortened(", ".join(header), 200) or "nothing"
        raise DatasetError(f"{path}:1: no column {', '.join(missing)}; found {found}")
    doubles = {name for name, times in Counter(header).items() if name and times > 1}
    if doubles:
        raise DatasetError(f"{path}:1: the column {shortened(', '.join(sorted(doubles)))} is there twice")


def whole_number(text: str, where: str, low: int, high: int) -> int:
    """`text` as a number from `low` to `high`. Raises `DatasetError` that begins with `where`."""
    # Python does not turn 5,000 digits into a number.
    if not (text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high):
        raise DatasetError(f"{where}: expected a number from {low} to {high}, found {shortened(repr(text))}")
    return int(text)
