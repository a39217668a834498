"""A CSV of your own: a path and labels in each row."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from faceannot.datasets import words
from faceannot.datasets.example import Example, one_hot
from faceannot.datasets.files import header_of, read_rows, whole_number
from faceannot.errors import DatasetError
from faceannot.plain_files import shortened
from faceannot.records import EXPRESSIONS, Expression

LAYOUT = """\
PATH.csv    path,gender,emotion,expression,split,subject,group,age,ethnicity
            photos/a.jpg,female,happy,,test,anna,,34,
    path is relative to the CSV; the other columns may be missing, and fields empty
    gender male, female; emotion happy, sad; expression one of the seven; split train, validation, test"""
_LABELS = ("gender", "emotion", "expression")
_COLUMNS = ("path", *_LABELS, "split", "subject", "group", "age", "ethnicity")
_OLDEST = 130
_log = logging.getLogger(__name__)
_Word = TypeVar("_Word")


def looks_like(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() == ".csv" and "path" in header_of(path)


def read(path: Path) -> Iterator[Example]:
    """Every row; one without a split is training.

    Raises `DatasetError` naming file and line, also for a picture that is not there.
    """
    if path.is_dir():
        raise DatasetError(f"{path}: a folder; a manifest is a CSV file with a column path")
    header = header_of(path)
    if "path" in header and not set(_LABELS) & set(header):
        raise DatasetError(
            f"{path}:1: none of the columns {', '.join(_LABELS)}; found {shortened(', '.join(header), 200)}"
        )
    unknown = [name for name in header if name not in _COLUMNS]
    if unknown:
        _log.warning("%s: unknown columns %s, left out", path, shortened(", ".join(unknown), 200))
    empty = True
    for number, row in read_rows(path, ("path",)):
        empty = False
        yield _example(path, row, f"{path}:{number}")
    if empty:
        raise DatasetError(f"{path}: no rows below the header")


def _example(table: Path, row: Mapping[str, str], where: str) -> Example:
    picture = table.parent / row["path"]
    # os.path says False where Path raises: a name that is too long.
    if not row["path"] or not os.path.isfile(picture):  # noqa: PTH113
        raise DatasetError(f"{where}: path: no such file: {_shown(row['path']) or '(empty)'}")
    expression = _expression(row, where)
    return Example(
        source="manifest",
        name=row["path"],
        path=picture,
        split=_word(row, "split", words.SPLITS, where) or "train",
        gender=_word(row, "gender", words.GENDERS, where),
        expression=one_hot(expression) if expression else None,
        age=whole_number(row["age"], f"{where}: age", 0, _OLDEST) if row.get("age") else None,
        ethnicity=row.get("ethnicity") or None,
        subject=row.get("subject") or None,
        group=row.get("group") or None,
    )


def _shown(path: str) -> str:
    """`path` for a message; one that holds what would move the cursor of a terminal, as Python writes it."""
    return shortened(path if path.isprintable() else repr(path), 300)


def _expression(row: Mapping[str, str], where: str) -> Expression | None:
    emotion = _word(row, "emotion", words.EMOTIONS, where)
    expression = _word(row, "expression", words.EXPRESSIONS, where)
    if emotion and expression in words.EMOTIONS and expression != emotion:
        raise DatasetError(f"{where}: emotion is {emotion}, but expression is {expression}")
    return expression or emotion


def _word(row: Mapping[str, str], column: str, known: Mapping[str, _Word], where: str) -> _Word | None:
    word = row.get(column, "").lower()
    if word and word not in known:
        shown = EXPRESSIONS if column == "expression" else dict.fromkeys(known.values())
        raise DatasetError(
            f"{where}: {column} has to be one of {', '.join(map(str, shown))}, found {shortened(repr(row[column]))}"
        )
    return known[word] if word else None
