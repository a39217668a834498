"""Photos, folders, globs, lists and standard input to photos, lazily and in a stable order."""

# Strings rather than Path: they keep a name as it was given, and os.path says False where Path raises (a long name).
# ruff: noqa: PTH112, PTH116, PTH118, PTH122, PTH123

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from faceannot.errors import InputError
from faceannot.formats import SUFFIXES

if TYPE_CHECKING:
    from faceannot.images import RgbArray

_MAX_PATH_BYTES = 65536  # sixteen times Linux's limit; a longer entry means that the list is no list


@dataclass(frozen=True, slots=True)
class Photo:
    """One input.

    `name`: what the `path` column says; POSIX separators; bytes that are no UTF-8 as surrogates (PEP 383).
    `source`: a file, the content of one, or an RGB array (height, width, 3) uint8.
    """

    name: str
    source: Path | bytes | RgbArray


def find_photos(
    arguments: Iterable[str], *, recursive: bool = True, stdin: BinaryIO | None = None, nul: bool = False
) -> Iterator[Photo]:
    """Find the photos that the arguments mean, in their order, without holding them all.

    An argument is one of
    - a photo, read whatever its suffix; one that does not exist is still given, and fails when it is read
    - a folder: its photos by suffix, sorted by name, with those of its subfolders if `recursive`; nothing hidden.
      Links are followed, each folder is visited once
    - a glob with `*`, `?`, `[...]` and `**`, where no file or folder has that very name
    - `@FILE`, a text file, or `-`, standard input (`stdin`, or the process's): one path a line, or separated by NUL
      with `nul`. Each is a photo or a folder, never a glob; relative ones start from the current folder

    Names are as given. Photos of a folder are named relative to it when it is the only argument, and else by the
    folder as it was given and their path in it, so that two photos never share a name.
    Raises InputError when a list cannot be read - at once, where `arguments` is a sequence - and at the end when there
    was nothing to read at all.
    """
    if isinstance(arguments, Sequence):
        for argument in arguments:
            _check_list(argument)
    return _found(iter(arguments), recursive, stdin, b"\0" if nul else b"\n")


def _check_list(argument: str) -> None:
    """Refuse a list that cannot be opened before the first photo is read, not after a thousand."""
    if argument.startswith("@"):
        _open_list(argument).close()


def _open_list(argument: str) -> BinaryIO:
    try:
        return open(argument[1:], "rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"the list {argument[1:]!r} cannot be read: {reason}") from None


def _found(arguments: Iterator[str], recursive: bool, stdin: BinaryIO | None, separator: bytes) -> Iterator[Photo]:
    first = list(islice(arguments, 2))
    found = False
    for argument in chain(first, arguments):
        if argument == "-":
            photos = _listed(stdin or sys.stdin.buffer, "standard input", separator, recursive)
        elif argument.startswith("@"):
            photos = _from_list(argument, separator, recursive)
        else:
            photos = _named(argument, recursive, prefix="" if len(first) == 1 else argument)
        for photo in photos:
            found = True
            yield photo
    if not found:
        raise InputError(f"nothing to read: no photo in {' or '.join(first)}" if first else "nothing to read")


def _named(argument: str, recursive: bool, prefix: str) -> Iterator[Photo]:
    if os.path.isdir(argument):
        yield from _in_folder(argument, recursive, prefix)
        return
    found = False
    if not os.path.lexists(argument) and any(sign in argument for sign in "*?["):
        for photo in _globbed(argument):
            found = True
            yield photo
    if not found:
        yield Photo(_posix(argument), Path(argument))


def _in_folder(folder: str, recursive: bool, prefix: str) -> Iterator[Photo]:
    for parts in _walk(folder, None if recursive else 1):
        yield Photo(_posix(os.path.join(prefix, *parts) or folder), Path(folder, *parts))


def _walk(folder: str, depth: int | None, any_suffix: bool = False) -> Iterator[tuple[str, ...]]:
    """The photos under `folder`, at most `depth` names deep, each as its names from `folder` on, in sorted order.

    `any_suffix`: all files rather than those with a photo's suffix. A folder that cannot be listed is given as if it
    were a photo, so that its row tells why.
    """
    visited: set[tuple[int, int]] = set()
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parts = waiting.pop()
        path = os.path.join(folder, *parts)
        if parts and not os.path.isdir(path):
            yield parts
            continue
        try:
            status = os.stat(path)
            with_folders = depth is None or len(parts) + 1 < depth
            names = sorted(_entries(path, with_folders, any_suffix), reverse=True)
        except OSError:
            yield parts
            continue
        if (status.st_dev, status.st_ino) not in visited:
            visited.add((status.st_dev, status.st_ino))
            waiting.extend((*parts, name) for name in names)


def _entries(folder: str, with_folders: bool, any_suffix: bool) -> Iterator[str]:
    """Names of the photos, or of all files, in a folder and, if wanted, of its subfolders; nothing hidden."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if with_folders if _is_folder(entry) else any_suffix or is_photo_name(entry.name):
                yield entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def is_photo_name(name: str) -> bool:
    """Whether a file's suffix, in any case, is one of a photo format."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def _globbed(pattern: str) -> Iterator[Photo]:
    """The photos that match, or all files when the pattern ends in a suffix of its own.

    Walked here, because `glob` is neither sorted, nor lazy, nor safe with loops of links.
    """
    parts = _posix(pattern).split("/")
    fixed = next(i for i, part in enumerate(parts) if any(sign in part for sign in "*?["))
    base = "/".join(parts[:fixed]) + "/" if fixed else ""
    wanted = tuple(parts[fixed:])
    suffix = os.path.splitext(wanted[-1])[1]
    any_suffix = bool(suffix) and not any(sign in suffix for sign in "*?[")
    for names in _walk(base or ".", None if "**" in wanted else len(wanted), any_suffix):
        if names and _matches(names, wanted):
            path = base + "/".join(names)
            yield Photo(path, Path(path))


def _matches(names: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    if not wanted:
        return not names
    if wanted[0] == "**":
        return any(_matches(names[i:], wanted[1:] or ("*",)) for i in range(len(names)))
    return bool(names) and fnmatchcase(names[0], wanted[0]) and _matches(names[1:], wanted[1:])


def _from_list(argument: str, separator: bytes, recursive: bool) -> Iterator[Photo]:
    with _open_list(argument) as stream:
        yield from _listed(stream, f"the list {argument[1:]!r}", separator, recursive)


def _listed(stream: BinaryIO, title: str, separator: bytes, recursive: bool) -> Iterator[Photo]:
    for entry in _split(stream, title, separator):
        if separator == b"\n":
            entry = entry.removesuffix(b"\r")
        if b"\0" in entry:
            raise InputError(f"{title} has NUL characters: are its paths separated by them (option -0)?")
        path = os.fsdecode(entry)
        if os.path.isdir(path):
            yield from _in_folder(path, recursive, prefix=path)
        elif path:
            yield Photo(_posix(path), Path(path))


def _split(stream: BinaryIO, title: str, separator: bytes) -> Iterator[bytes]:
    """Entries as they arrive; a writer that is slow to send more holds none of them back."""
    receive = getattr(stream, "read1", stream.read)
    rest = b""
    first = True
    while chunk := receive(_MAX_PATH_BYTES):
        if first:
            chunk = _without_mark(chunk, title)
            first = False
        *entries, rest = (rest + chunk).split(separator)
        if len(rest) > _MAX_PATH_BYTES:
            raise InputError(f"{title} is not a list of paths: an entry is longer than any path")
        yield from entries
    yield rest


def _without_mark(chunk: bytes, title: str) -> bytes:
    if chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{title} is written in UTF-16: save it as UTF-8")
    return chunk.removeprefix(b"\xef\xbb\xbf")


def _posix(path: str) -> str:
    return path.replace(os.sep, "/")
