"""What a table of a finished run has, read back, so that to resume it once more need not make it anew."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from faceannot.outputs.table import COLUMNS, Format

_NOT_OURS = "not a whole table of faceannot's"


def photos_in(table: Path, table_format: Format) -> Iterator[tuple[str, str | None]]:
    """Of each photo in a table its path, as it stands there, and why it could not be read, None where it could.

    Raises ValueError where the file is no whole table of faceannot's in that format, and OSError.
    """
    if table_format in ("json", "jsonl"):
        return _of_records(_records(table, is_object=table_format == "json"))
    return _of_rows(_csv_rows(table) if table_format == "csv" else _parquet_rows(table))


def _of_records(records: Iterable[Any]) -> Iterator[tuple[str, str | None]]:
    for record in records:
        try:
            yield record["path"], record["error"]
        except (TypeError, KeyError):
            raise ValueError(_NOT_OURS) from None


def _records(table: Path, *, is_object: bool) -> Iterator[Any]:
    """One a line; in JSON between the line of the header and that of the end, with commas."""
    with table.open(encoding="utf-8") as lines:
        if is_object and '"photos": [' not in next(lines, ""):
            raise ValueError(_NOT_OURS)
        for line in lines:
            if is_object and line == "]}\n":
                return
            yield json.loads(line.removesuffix("\n").removesuffix("," if is_object else ""))
    if is_object:
        raise ValueError(_NOT_OURS)


def _of_rows(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    """Rows of faces after the first are of the photo before: a photo that was given twice has two first faces."""
    return ((row["path"], row["error"] or None) for row in rows if str(row["face"] or 1) == "1")


def _csv_rows(table: Path) -> Iterator[dict[str, Any]]:
    with table.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, strict=True)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise ValueError(_NOT_OURS)
        try:
            for row in rows:
                if None in row.values():  # cut off
                    raise ValueError(_NOT_OURS)
                yield row
        except csv.Error:
            raise ValueError(_NOT_OURS) from None


def _parquet_rows(table: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(table) as file:
        if b"faceannot" not in (file.schema_arrow.metadata or {}):
            raise ValueError(_NOT_OURS)
        for batch in file.iter_batches(columns=["path", "face", "error"]):
            yield from batch.to_pylist()
