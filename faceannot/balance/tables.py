"""Reads a table that `faceannot label` wrote, in whichever of its formats, as entries."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, cast

from faceannot.balance.entries import Entry
from faceannot.errors import InputError
from faceannot.images import check_file
from faceannot.outputs.names import escape, unescape
from faceannot.outputs.sink import is_stream
from faceannot.plain_files import shortened
from faceannot.records import EXPRESSIONS, GENDERS, Emotion, Expression, Gender

Fields = dict[str, Any]

# A photo of 10,000 faces is one line of JSON of 10 million letters.
_LONGEST_LINE = 50_000_000
_NEEDED = {"path", "status", "gender", "emotion", "expression", "unsure"}
_CLASSES = {"gender": GENDERS, "emotion": ("happy", "sad"), "expression": EXPRESSIONS}
_log = logging.getLogger(__name__)


def read_table(path: Path, photos: Path) -> Iterator[Entry]:
    """The faces of a table (CSV, JSON, JSON Lines or Parquet, told by its content).

    `photos`: the folder that the table's paths begin at. A face that is unsure has a gender and an expression, but
    counts as neither happy nor sad. Photos that could not be read or have no face are reported and left out.
    Raises InputError naming the file and the line.
    """
    name = escape(str(path))
    try:
        with path.open("rb") as file:
            # The beginning is read twice, which a pipe does not allow.
            yield from _entries(name, _faces(name, io.BytesIO(file.read()) if is_stream(path) else file), photos)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not a table of `faceannot label` ({error})") from error


def _entries(name: str, faces: Iterator[tuple[str, Fields]], photos: Path) -> Iterator[Entry]:
    without_face = failed = 0
    last = None
    for where, face in faces:
        if missing := _NEEDED - face.keys():
            raise InputError(f"{where}: not a table of `faceannot label`: no column {', '.join(sorted(missing))}")
        if face["status"] == "ok":
            yield _entry(name, where, face, photos, first=face["path"] != last)
            last = face["path"]
        without_face += face["status"] == "no_face"
        failed += face["status"] == "error"
    for number, what in ((without_face, "without a face"), (failed, "that could not be read")):
        if number:
            _log.warning("%s: %d photos %s, left out", name, number, what)


def _entry(name: str, where: str, face: Fields, photos: Path, *, first: bool) -> Entry:
    for column, known in _CLASSES.items():
        if face[column] not in known:
            raise InputError(f"{where}: {column} has to be one of {', '.join(known)}, found {_shown(face[column])}")
    if not isinstance(face["path"], str) or not face["path"]:
        raise InputError(f"{where}: path has to be the name of a photo, found {_shown(face['path'])}")
    sure = str(face["unsure"]).lower() == "false"
    return Entry(
        source=Path(name).name,
        name=face["path"],
        content=partial(_content, photos / unescape(face["path"])) if first else None,
        gender=cast(Gender, face["gender"]),
        expression=cast(Expression, face["expression"]),
        emotion=cast(Emotion, face["emotion"]) if sure else None,
    )


def _shown(value: Any) -> str:
    return shortened(repr(value))


def _content(path: Path) -> bytes:
    """The content of a photo. Raises PhotoError where the path is no plain file: a table may name a pipe."""
    check_file(path)
    return path.read_bytes()


def _faces(name: str, file: BinaryIO) -> Iterator[tuple[str, Fields]]:
    """Where each face stands, for messages, and its fields."""
    head = file.read(4)
    file.seek(0)
    if head == b"PAR1":
        return _parquet_rows(name, file)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    return _json_faces(name, text) if head[:1] == b"{" else _csv_rows(name, text)


def _csv_rows(name: str, text: io.TextIOWrapper) -> Iterator[tuple[str, Fields]]:
    lines = (line for _, line in _lines(name, text))
    reader = csv.DictReader(lines, strict=True)
    try:
        for row in reader:
            # Longer than the header: what is too much; shorter: what is missing.
            if None in row or None in row.values():
                raise InputError(f"{name}:{reader.line_num}: another number of fields than the header has")
            yield f"{name}:{reader.line_num}", row
    except csv.Error as error:
        raise InputError(f"{name}:{reader.reader.line_num}: not a table of `faceannot label` ({error})") from error


def _lines(name: str, text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Number and text of each line. Raises InputError for one that is longer than any."""
    for number in count(1):
        line = text.readline(_LONGEST_LINE + 1)
        if not line:
            return
        if len(line) > _LONGEST_LINE:
            raise InputError(f"{name}:{number}: longer than {_LONGEST_LINE:,} letters; no table has such a line")
        yield number, line


def _parquet_rows(name: str, file: BinaryIO) -> Iterator[tuple[str, Fields]]:
    from faceannot.outputs.parquet import require_pyarrow

    require_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        for batch in pq.ParquetFile(file).iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield f"{name}: row {number}", row
    except pa.ArrowException as error:
        raise InputError(f"{name}: damaged Parquet ({error})") from error


def _json_faces(name: str, text: io.TextIOWrapper) -> Iterator[tuple[str, Fields]]:
    """JSON has a photo a line, whether as an object of its own or inside the list `photos`."""
    for number, line in _lines(name, text):
        line = line.strip().removesuffix(",")
        if line in ("", "]}") or line.endswith('"photos": ['):
            continue
        where = f"{name}:{number}"
        photo = _parsed(where, line)
        shared = {key: value for key, value in photo.items() if key != "faces"}
        for face in photo.get("faces") or [dict.fromkeys(_NEEDED)]:
            yield where, {**face, **shared}


def _parsed(where: str, line: str) -> Fields:
    try:
        photo = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({error})") from error
    faces = photo.get("faces") or [] if isinstance(photo, dict) else None
    if not isinstance(faces, list) or "path" not in photo or not all(isinstance(face, dict) for face in faces):
        raise InputError(f"{where}: not a photo as `faceannot label` writes it")
    return cast(Fields, photo)
