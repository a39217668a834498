"""Opens ONNX files, which may come from anybody: one plain file that holds all of its weights, or a reason why not."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from faceannot.errors import BundleError
from faceannot.plain_files import check_plain
from faceannot.runtime import onnxruntime

# Where tensors can lie in the messages of onnx.proto3: field number to the kind of message it holds.
_FIELDS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
# `external_data` and `data_location` of a tensor: its numbers lie in another file, or say that they do.
_ELSEWHERE = {13, 14}
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
# Graphs lie in graphs only for branches and loops.
_DEEPEST = 50


def open_network(path: Path, kind: str, *, threads: int = 1) -> Any:
    """The ONNX Runtime session of `path`; `kind`, such as `classifier`, is for messages.

    Weights that lie in other files are refused: nobody has their hash, and older ONNX Runtimes read them from any
    place on this computer. Raises `BundleError` for such a file and for one that is no usable ONNX file.
    """
    _check_self_contained(path, kind)
    ort = onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # what is wrong is told once, by the exception
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise BundleError(f"{path}: not a usable ONNX {kind}: {error}") from error


def _check_self_contained(path: Path, kind: str) -> None:
    try:
        check_plain(path)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            outside = _reaches_outside(content, 0, len(content), "model", 0)
    except OSError as error:
        raise BundleError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, IndexError) as error:
        raise BundleError(f"{path}: not a usable ONNX {kind}: damaged, or of another format ({error})") from error
    if outside:
        raise BundleError(
            f"{path}: keeps weights in another file, which no hash covers; save it with its weights inside"
        )


def _reaches_outside(content: mmap.mmap, start: int, end: int, kind: str, depth: int) -> bool:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    for field, first, last in _fields(content, start, end):
        if kind == "tensor" and field in _ELSEWHERE:
            return True
        inner = _FIELDS[kind].get(field)
        if inner and _reaches_outside(content, first, last, inner, depth + 1):
            return True
    return False


def _fields(content: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field of the message in `content[start:end]` (the wire format of protobuf)."""
    while start < end:
        tag, start = _varint(content, start)
        field, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, stop = _varint(content, start)
            # The default, `DEFAULT`: the numbers lie right here.
            if field in _ELSEWHERE and value == 0:
                field = 0
        elif kind == _LENGTH:
            size, start = _varint(content, start)
            stop = start + size
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            stop = start + (8 if kind == _EIGHT_BYTES else 4)
        else:
            raise ValueError(f"no field of ONNX at byte {start}")
        if stop > end:
            raise ValueError(f"cut off at byte {start}")
        yield field, start, stop
        start = stop


def _varint(content: mmap.mmap, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError(f"no number at byte {at}")
