"""The table as Parquet, written in row groups as it comes; needs pyarrow, the extra `parquet`."""

from __future__ import annotations

import json
from typing import Any

from faceannot.errors import OutputError
from faceannot.outputs.header import RunHeader
from faceannot.outputs.sink import Sink
from faceannot.outputs.table import COLUMNS, Row, TableWriter, header_record, rows
from faceannot.records import PhotoResult

# Large enough that columns compress well, small enough that a group stays around a megabyte.
ROWS_A_GROUP = 10_000
_INTEGERS = {"face", "left", "top", "width", "height", "photo_width", "photo_height"}


class ParquetTable(TableWriter):
    """The CSV's columns with types; version and bundle are in the file's metadata under `faceannot`."""

    def __init__(self, sink: Sink, header: RunHeader) -> None:
        super().__init__(sink)
        import pyarrow.parquet as pq

        self._schema = _schema(header)
        self._rows: list[Row] = []
        self._writer = pq.ParquetWriter(sink, self._schema)

    def write(self, result: PhotoResult) -> None:
        self._rows.extend(rows(result))
        while len(self._rows) >= ROWS_A_GROUP:
            self._write_group()

    def _finish(self) -> None:
        if self._rows:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        import pyarrow as pa

        group, self._rows = self._rows[:ROWS_A_GROUP], self._rows[ROWS_A_GROUP:]
        self._writer.write_table(pa.Table.from_pylist(group, schema=self._schema))


def require_pyarrow() -> None:
    """Raise OutputError with the way out where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise OutputError("Parquet needs pyarrow: pip install 'faceannot[parquet]'") from error


def _schema(header: RunHeader) -> Any:
    import pyarrow as pa

    fields = [pa.field(column, _type_of(column)) for column in COLUMNS]
    return pa.schema(fields, metadata={"faceannot": json.dumps(header_record(header))})


def _type_of(column: str) -> Any:
    import pyarrow as pa

    if column in _INTEGERS:
        return pa.int32()
    if column == "unsure":
        return pa.bool_()
    return pa.float64() if column == "detection" or column.endswith("_score") else pa.string()
