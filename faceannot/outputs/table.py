"""The table of a run: one row a face as CSV or Parquet, one photo a record as JSON or JSONL, written as it comes."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, get_args

from faceannot.errors import UsageError
from faceannot.outputs.header import RunHeader
from faceannot.outputs.names import escape
from faceannot.outputs.sink import Sink, open_sink
from faceannot.records import EXPRESSIONS, GENDERS, Face, PhotoResult

Cell = str | int | float | bool | None
Row = dict[str, Cell]
Format = Literal["csv", "json", "jsonl", "parquet"]

FORMATS: tuple[Format, ...] = get_args(Format)
COLUMNS = (
    *("path", "status", "face", "left", "top", "width", "height", "detection"),
    *("label", "label_score", "gender", "gender_score", "emotion", "emotion_score"),
    *("expression", "expression_score", "unsure", "photo_width", "photo_height", "error"),
)
_FORMAT_OF: dict[str, Format] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


class TableWriter(ABC):
    """A table that is open for writing: a context manager, one `write` a photo.

    Leaving it closes the format, also when the run was stopped, so that what is there can be read.
    """

    _ending = ""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._finish()
        finally:
            self._sink.close()

    @abstractmethod
    def write(self, result: PhotoResult) -> None:
        """Write one photo. Raises OutputError (disk full, say) or BrokenPipeError."""

    def _finish(self) -> None:
        self._send(self._ending)

    def _send(self, text: str) -> None:
        self._sink.write(text.encode("utf-8"))


def open_table(
    target: Path | BinaryIO, table_format: Format, *, header: RunHeader, overwrite: bool = False
) -> TableWriter:
    """Open a table on a path or on a binary stream, which stays open.

    Raises OutputError where the file exists and `overwrite` is false, where it cannot be made, or where Parquet is
    wanted and pyarrow is not installed.
    """
    if table_format == "parquet":
        from faceannot.outputs.parquet import ParquetTable, require_pyarrow

        require_pyarrow()
        return ParquetTable(open_sink(target, overwrite=overwrite), header)
    sink = open_sink(target, overwrite=overwrite)
    if table_format == "csv":
        return CsvTable(sink)
    return JsonlTable(sink) if table_format == "jsonl" else JsonTable(sink, header)


def infer_format(path: Path) -> Format:
    """The format that a file's suffix stands for. Raises UsageError for a suffix that stands for none."""
    try:
        return _FORMAT_OF[path.suffix.lower()]
    except KeyError:
        suffixes = " ".join(_FORMAT_OF)
        message = f"{path} does not say which format it should have: end it in one of {suffixes}, or use --format"
        raise UsageError(message) from None


def rows(result: PhotoResult) -> list[Row]:
    """The rows of one photo, one a face or one without a face; keys are `COLUMNS`, scores have four decimals."""
    photo: Row = {**_photo_fields(result), "error": _one_line(result.error)}
    faces: list[Row] = [_face_fields(face) for face in result.faces] or [{}]
    return [{column: photo.get(column, face.get(column)) for column in COLUMNS} for face in faces]


def record(result: PhotoResult) -> dict[str, Any]:
    """One photo as JSON has it: the table's fields, and of each face the landmarks and all scores."""
    return {
        **_photo_fields(result),
        "error": _one_line(result.error),
        "faces": [{**_face_fields(face), **_details(face)} for face in result.faces],
    }


def header_record(header: RunHeader) -> dict[str, Any]:
    """The header as JSON has it: the tool's version, and the bundle's name and hash."""
    return {"faceannot": header.version, "bundle": {"name": header.bundle_name, "sha256": header.bundle_sha256}}


class CsvTable(TableWriter):
    """UTF-8, RFC 4180 quoting, lines that end in a line feed."""

    def __init__(self, sink: Sink) -> None:
        super().__init__(sink)
        self._send(",".join(COLUMNS) + "\n")

    def write(self, result: PhotoResult) -> None:
        self._send("".join(",".join(map(_csv_cell, row.values())) + "\n" for row in rows(result)))


class JsonlTable(TableWriter):
    """One photo a line."""

    def write(self, result: PhotoResult) -> None:
        self._send(_json(record(result)) + "\n")


class JsonTable(TableWriter):
    """One object: the header's fields, and `photos`, one a line."""

    _ending = "\n]}\n"

    def __init__(self, sink: Sink, header: RunHeader) -> None:
        super().__init__(sink)
        self._separator = "\n"
        self._send(_json(header_record(header))[:-1] + ', "photos": [')

    def write(self, result: PhotoResult) -> None:
        self._send(self._separator + _json(record(result)))
        self._separator = ",\n"


def _photo_fields(result: PhotoResult) -> Row:
    return {
        "path": escape(result.path),
        "status": result.status.value,
        "photo_width": result.photo_width,
        "photo_height": result.photo_height,
    }


def _face_fields(face: Face) -> Row:
    box, scores = face.box, face.scores
    return {
        "face": face.number,
        "left": box.left,
        "top": box.top,
        "width": box.width,
        "height": box.height,
        "detection": _rounded(face.detection),
        "label": scores.label,
        "label_score": _rounded(scores.label_score),
        "gender": scores.gender,
        "gender_score": _rounded(scores.gender_score),
        "emotion": scores.emotion,
        "emotion_score": _rounded(scores.emotion_score),
        "expression": scores.expression,
        "expression_score": _rounded(scores.expression_score),
        "unsure": face.unsure,
    }


def _details(face: Face) -> dict[str, Any]:
    return {
        "landmarks": [[round(x, 2), round(y, 2)] for x, y in face.landmarks],
        "scores": {
            "gender": {name: _rounded(face.scores.genders[name]) for name in GENDERS},
            "expression": {name: _rounded(face.scores.expressions[name]) for name in EXPRESSIONS},
        },
    }


def _rounded(score: float) -> float:
    return round(float(score), 4)


def _one_line(text: str | None) -> str | None:
    return None if text is None else escape(" ".join(text.split()))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.4f}"
    text = str(cell)
    # The csv module leaves a lone carriage return unquoted in some Python versions, and readers then see two rows.
    if any(mark in text for mark in ',"\r\n') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text
