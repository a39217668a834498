"""Photos, folders, globs, lists and standard input to photos, lazily and in a stable order."""

# Strings rather than Path: they keep a name as it was given, and os.path says False where Path raises (a long name).
# ruff: noqa: PTH112, PTH116, PTH118, PTH122, PTH123

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeAlias

from faceannot.errors import InputError
from faceannot.formats import SUFFIXES
from faceannot.lists import entries
from faceannot.pipeline import without_pauses

if TYPE_CHECKING:
    from faceannot.images import RgbArray

Names: TypeAlias = tuple[str, ...]  # of folders and then perhaps a file, each in the one before


@dataclass(frozen=True, slots=True)
class Photo:
    """One input.

    `name`: what the `path` column says; POSIX separators; bytes that are no UTF-8 as surrogates (PEP 383).
    `source`: a file, the content of one, or an RGB array (height, width, 3) uint8.
    """

    name: str
    source: Path | bytes | RgbArray


class Stamp(NamedTuple):
    """What tells that a file is still the one that was labelled."""

    size: int
    mtime_ns: int


def stamp_of(photo: Photo) -> Stamp | None:
    """None for what is no file, or none any more."""
    if not isinstance(photo.source, Path):
        return None
    try:
        found = photo.source.stat()
    except (OSError, ValueError):
        return None
    return Stamp(found.st_size, found.st_mtime_ns)


def find_photos(
    arguments: Iterable[str], *, recursive: bool = True, stdin: BinaryIO | None = None, nul: bool = False
) -> Iterator[Photo]:
    """Find the photos that the arguments mean, in their order, without holding them all.

    An argument is one of
    - a photo, read whatever its suffix; one that does not exist is still given, and fails when it is read
    - a folder: the files in it whose suffix is one of `formats.SUFFIXES`, in any case, sorted by name, with those of
      its subfolders if `recursive`. Files of other suffixes are left out, and so are files and folders whose name
      begins with a dot. Links are followed, each folder is visited once
    - a glob with `*`, `?`, `[...]` and `**`, where no file or folder has that very name; folders that it matches
      are read as folders
    - `@FILE`, a text file, or `-`, standard input (`stdin`, or the process's): one path a line, or separated by NUL
      with `nul`. Each is a photo or a folder, never a glob; relative ones start from the current folder

    Names are as given. Photos of a folder are named relative to it when it is the only argument, and else by the
    folder as it was given and their path in it, so that two photos never share a name.
    Raises InputError when a list cannot be read or a path is empty - at once, where `arguments` is a sequence - and at
    the end when there was nothing to read at all.
    """
    return without_pauses(find_photos_and_pauses(arguments, recursive=recursive, stdin=stdin, nul=nul))


def find_photos_and_pauses(
    arguments: Iterable[str], *, recursive: bool = True, stdin: BinaryIO | None = None, nul: bool = False
) -> Iterator[Photo | None]:
    """Like `find_photos`, and a pause (see `pipeline`) whenever a list or standard input has nothing for a moment."""
    if isinstance(arguments, Sequence):
        for argument in arguments:
            _check(argument)
    return _found(iter(arguments), recursive, stdin, b"\0" if nul else b"\n")


def _check(argument: str) -> None:
    """Refuse what cannot be meant before the first photo is read, not after a thousand."""
    _refuse_empty(argument)
    if argument.startswith("@"):
        _open_list(argument).close()


def _refuse_empty(argument: str) -> None:
    if not argument:
        raise InputError("a path is empty; perhaps it is a variable that is not set")


def _open_list(argument: str) -> BinaryIO:
    try:
        return open(argument[1:], "rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"the list {argument[1:]!r} cannot be read: {reason}") from None


def _found(
    arguments: Iterator[str], recursive: bool, stdin: BinaryIO | None, separator: bytes
) -> Iterator[Photo | None]:
    first = list(islice(arguments, 2))
    found = False
    for argument in chain(first, arguments):
        _refuse_empty(argument)
        photos: Iterator[Photo | None]
        if argument == "-":
            photos = _listed(stdin or sys.stdin.buffer, "standard input", separator, recursive)
        elif argument.startswith("@"):
            photos = _from_list(argument, separator, recursive)
        else:
            photos = _named(argument, recursive, prefix="" if len(first) == 1 else argument)
        for photo in photos:
            found = found or photo is not None
            yield photo
    if not found:
        raise InputError(f"nothing to read: no photo in {' or '.join(first)}" if first else "nothing to read")


def _named(argument: str, recursive: bool, prefix: str) -> Iterator[Photo]:
    if os.path.isdir(argument):
        yield from _in_folder(argument, recursive, prefix)
        return
    if os.path.lexists(argument) or not _is_pattern(argument):
        yield Photo(_posix(argument), Path(argument))
        return
    glob = _Glob(argument, recursive)
    yield from glob.photos()
    if not glob.matched:
        yield Photo(_posix(argument), Path(argument))


def _in_folder(folder: str, recursive: bool, prefix: str) -> Iterator[Photo]:
    for names in _walk(folder, lambda names: recursive, lambda names: is_photo_name(names[-1])):
        yield Photo(_posix(os.path.join(prefix, *names) or folder), Path(folder, *names))


def _walk(folder: str, enters: Callable[[Names], bool], gives: Callable[[Names], bool]) -> Iterator[Names]:
    """The files under `folder`, each as its names from `folder` on, in sorted order; nothing hidden.

    `enters`: whether to look into a folder; `gives`: whether to give a file. A folder that cannot be listed is given
    as if it were a photo, so that its row tells why.
    """
    visited: set[tuple[int, int]] = set()
    waiting: list[Names] = [()]
    while waiting:
        names = waiting.pop()
        path = os.path.join(folder, *names)
        if names and not os.path.isdir(path):
            yield names
            continue
        try:
            status = os.stat(path)
            found = sorted(_entries(path, names, enters, gives), reverse=True)
        except OSError:
            yield names
            continue
        if (status.st_dev, status.st_ino) not in visited:
            visited.add((status.st_dev, status.st_ino))
            waiting.extend(found)


def _entries(
    path: str, folder: Names, enters: Callable[[Names], bool], gives: Callable[[Names], bool]
) -> Iterator[Names]:
    with os.scandir(path) as entries:
        for entry in entries:
            names = (*folder, entry.name)
            if not entry.name.startswith(".") and (enters(names) if _is_folder(entry) else gives(names)):
                yield names


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def is_photo_name(name: str) -> bool:
    """Whether a file's suffix, in any case, is one of a photo format."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


class _Glob:
    """What a pattern matches: files, and all that is in folders, as when the shell expands it; each photo once.

    Walked here, because `glob` is neither sorted, nor lazy, nor safe with loops of links.
    `matched`: whether `photos` has met anything.
    """

    def __init__(self, pattern: str, recursive: bool) -> None:
        parts = _posix(pattern).split("/")
        fixed = next(i for i, part in enumerate(parts) if _is_pattern(part))
        self._base = "/".join(parts[:fixed]) + "/" if fixed else ""
        self._wanted = tuple(part for part in parts[fixed:] if part)
        self._recursive = recursive
        self._folders_only = not parts[-1]
        suffix = os.path.splitext(parts[-1])[1]
        self._any_suffix = bool(suffix) and not _is_pattern(suffix)  # that of the pattern is what counts then
        self.matched = False

    def photos(self) -> Iterator[Photo]:
        for names in _walk(self._base or ".", self._enters, self._gives):
            if names and (self._gives(names) or self._covers(names)):
                self.matched = True
                path = self._base + "/".join(names)
                yield Photo(path, Path(path))

    def _enters(self, folder: Names) -> bool:
        covered = self._covers(folder)
        self.matched |= covered
        return covered or _may_lead_to(folder, self._wanted)

    def _gives(self, file: Names) -> bool:
        if is_photo_name(file[-1]) and self._covers(file[:-1]):
            return True
        by_suffix = self._any_suffix or is_photo_name(file[-1])
        return by_suffix and not self._folders_only and _matches(file, self._wanted)

    def _covers(self, folder: Names) -> bool:
        """Whether the photos in a folder are wanted because it matches, or with subfolders one that it is in."""
        first = 1 if self._recursive else len(folder)
        return any(_matches(folder[:i], self._wanted) for i in range(first, len(folder) + 1))


def _matches(names: Names, wanted: Names) -> bool:
    if not wanted:
        return not names
    if wanted[0] == "**":
        return any(_matches(names[i:], wanted[1:] or ("*",)) for i in range(len(names)))
    return bool(names) and fnmatchcase(names[0], wanted[0]) and _matches(names[1:], wanted[1:])


def _may_lead_to(folder: Names, wanted: Names) -> bool:
    """Whether something below a folder may match."""
    if not folder or not wanted or wanted[0] == "**":
        return bool(wanted)
    return fnmatchcase(folder[0], wanted[0]) and _may_lead_to(folder[1:], wanted[1:])


def _from_list(argument: str, separator: bytes, recursive: bool) -> Iterator[Photo | None]:
    with _open_list(argument) as stream:
        yield from _listed(stream, f"the list {argument[1:]!r}", separator, recursive)


def _listed(stream: BinaryIO, title: str, separator: bytes, recursive: bool) -> Iterator[Photo | None]:
    for entry in entries(stream, title, separator):
        if entry is None:
            yield None
            continue
        if separator == b"\n":
            entry = entry.removesuffix(b"\r")
        if b"\0" in entry:
            raise InputError(f"{title} has NUL characters: are its paths separated by them (option -0)?")
        path = os.fsdecode(entry)
        if os.path.isdir(path):
            yield from _in_folder(path, recursive, prefix=path)
        elif path:
            yield Photo(_posix(path), Path(path))


def _posix(path: str) -> str:
    return path.replace(os.sep, "/")
