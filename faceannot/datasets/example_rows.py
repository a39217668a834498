"""The lists in a folder of prepared crops: examples as rows of a CSV, and back, checked."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from faceannot.datasets.example import Example, Split
from faceannot.errors import DatasetError
from faceannot.plain_files import check_plain, shortened
from faceannot.records import EXPRESSIONS, GENDERS

# `index` and `group` came later: older lists lack them.
_LATER = ("index", "group")
COLUMNS = ("source", "name", "path", "split", "gender", "expression", "age", "ethnicity", "subject", *_LATER)
# Names may hold bytes that are no UTF-8.
_TEXT: Any = {"encoding": "utf-8", "errors": "surrogateescape"}
_OLDEST = 130


def row(example: Example) -> list[object]:
    """The fields of `example`, in the order of `COLUMNS`."""
    values = {name: getattr(example, name) for name in COLUMNS}
    values["path"] = str(example.path.absolute())
    values["expression"] = json.dumps(example.expression) if example.expression else None
    return list(values.values())


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV, whole or not at all."""
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", **_TEXT) as file:
        csv.writer(file).writerows([columns, *rows])
    partial.replace(path)


def read_examples(path: Path) -> Iterator[Example]:
    """The examples that `row` made fields of. Raises `DatasetError` naming file, line and column."""
    for where, fields in _read(path, [name for name in COLUMNS if name not in _LATER]):
        yield _example(fields, where)


def read_list(path: Path, *columns: str) -> list[tuple[str, ...]]:
    """`columns` of each row. Raises `DatasetError` naming file and line."""
    return [tuple(fields[name] for name in columns) for _, fields in _read(path, columns)]


def _read(path: Path, needed: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each row is, and its fields. Raises `FileNotFoundError` where there is no such file."""
    check_plain(path)
    with path.open(newline="", **_TEXT) as file:
        reader = csv.reader(file)
        try:
            header = next(reader, [])
            if missing := set(needed) - set(header):
                raise DatasetError(f"{path}:1: no column {', '.join(sorted(missing))}; prepare again")
            for fields in reader:
                where = f"{path}:{reader.line_num}"
                if len(fields) != len(header):
                    raise DatasetError(
                        f"{where}: {len(fields)} fields, but the header has {len(header)}; prepare again"
                    )
                yield where, dict(zip(header, fields, strict=True))
        except csv.Error as error:
            raise DatasetError(f"{path}:{reader.line_num}: not CSV: {error}; prepare again") from error


def _example(fields: dict[str, str], where: str) -> Example:
    return Example(
        source=fields["source"],
        name=fields["name"],
        path=Path(fields["path"]),
        split=_one_of(fields, "split", get_args(Split), where),
        gender=_one_of(fields, "gender", ("", *GENDERS), where) or None,
        expression=_shares(fields["expression"], where),
        age=_number(fields, "age", _OLDEST, where),
        ethnicity=fields["ethnicity"] or None,
        subject=fields["subject"] or None,
        index=_number(fields, "index", 2**63 - 1, where),
        group=fields.get("group") or None,
    )


def _one_of(fields: dict[str, str], column: str, known: Sequence[str], where: str) -> Any:
    if fields[column] not in known:
        raise _wrong(where, column, f"one of {', '.join(filter(None, known))}", fields[column])
    return fields[column]


def _number(fields: dict[str, str], column: str, most: int, where: str) -> int | None:
    text = fields.get(column, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        raise _wrong(where, column, f"a whole number up to {most}", text)
    return int(text)


def _shares(text: str, where: str) -> tuple[float, ...] | None:
    if not text:
        return None
    try:
        shares = tuple(float(share) for share in json.loads(text))
    except (ValueError, TypeError, OverflowError, RecursionError):
        shares = ()
    if len(shares) != len(EXPRESSIONS) or min(shares) < 0 or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
        raise _wrong(where, "expression", f"{len(EXPRESSIONS)} shares in brackets that make 1 together", text)
    return shares


def _wrong(where: str, column: str, expected: str, found: str) -> DatasetError:
    return DatasetError(f"{where}: {column} has to be {expected}, found {shortened(repr(found))}; prepare again")
