"""Saves pictures so that nothing which faceannot did not make is ever replaced."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from faceannot.errors import FaceannotError, OutputError
from faceannot.images import TOO_LARGE, pillow_left_free
from faceannot.outputs.leftovers import unfinished
from faceannot.outputs.locking import lock
from faceannot.outputs.names import escape
from faceannot.outputs.sink import cannot_write

# Written into each picture; only a picture that has it may be replaced.
MARK = "made by faceannot"
_FORMATS = ("JPEG", "PNG", "WEBP")
_XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="{MARK}"></x:xmpmeta>'.encode()


def prepare_folder(folder: Path) -> bool:
    """Make a folder for pictures; gives whether it is empty. Raises OutputError where it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        return not any(folder.iterdir())
    except OSError as error:
        raise cannot_write(escape(str(folder)), error) from error


def reason(error: Exception) -> str:
    """Why a picture could not be written, on one line; an error that is not meant for people says its kind."""
    if isinstance(error, MemoryError):
        return TOO_LARGE
    text = str(error) if isinstance(error, FaceannotError) else f"{type(error).__name__}: {error}"
    return escape(" ".join(text.split()))


def save(
    image: Image.Image, path: Path, image_format: str, *, inside: Path, source: object, overwrite: bool, **options: Any
) -> None:
    """Save to `path`, whole or not at all, with the mark that faceannot made it.

    `image_format`: JPEG, PNG or WEBP. `inside`: the folder that no link may lead out of. `source`: where the picture
    came from; a file there is never replaced. `overwrite`: replace a file of faceannot's own. `options` are Pillow's.
    Raises OutputError, and DiskFullError where no other picture would fare better.
    """
    try:
        # Path.resolve would raise for a loop of links, which the system reports below in words.
        if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(inside)):
            raise OutputError(f"{escape(str(path))} was not written: a link leads out of {escape(str(inside))}")
        _check_replaceable(path, source, overwrite)
        path.parent.mkdir(parents=True, exist_ok=True)
        _save_whole(image, path, image_format, {**options, **_mark(image_format)})
    except OSError as error:
        raise cannot_write(escape(str(path)), error) from error


def _check_replaceable(path: Path, source: object, overwrite: bool) -> None:
    name = escape(str(path))
    if not os.path.lexists(path):
        return
    if not overwrite:
        raise OutputError(f"{name} was not written: it exists already")
    if isinstance(source, Path) and path.exists() and source.exists() and path.samefile(source):
        raise OutputError(f"{name} was not written: it is the photo itself")
    if path.is_symlink() or not is_ours(path):
        raise OutputError(f"{name} was not written: a file is there that faceannot did not make")


def is_ours(path: Path) -> bool:
    """Whether a file is a picture that `save` wrote."""
    try:
        if not path.is_file():  # to open a pipe would wait for somebody to write into it
            return False
        with pillow_left_free(), Image.open(path, formats=_FORMATS) as image:
            values = [image.info.get(key, "") for key in ("comment", "Software", "xmp")]
    except Exception:  # whatever Pillow trips over: a file that it cannot read is none of ours
        return False
    return any(MARK in (value.decode("latin-1") if isinstance(value, bytes) else str(value)) for value in values)


def _mark(image_format: str) -> dict[str, Any]:
    if image_format == "PNG":
        info = PngInfo()
        info.add_text("Software", MARK)
        return {"pnginfo": info}
    return {"comment": MARK} if image_format == "JPEG" else {"xmp": _XMP}


def _save_whole(image: Image.Image, path: Path, image_format: str, options: dict[str, Any]) -> None:
    temporary = unfinished(path)
    try:
        with temporary.open("xb") as file:
            lock(file)
            image.save(file, image_format, **options)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
