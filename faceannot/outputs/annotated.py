"""Copies of photos with boxes, labels and scores drawn on them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from PIL import Image

from faceannot.errors import DiskFullError, PhotoError
from faceannot.images import RgbArray, read
from faceannot.inputs import Photo
from faceannot.outputs.drawing import draw_on
from faceannot.outputs.metadata import options_like
from faceannot.outputs.places import place
from faceannot.outputs.saving import reason, save
from faceannot.records import PhotoResult, Status

# Formats that a copy keeps; all others become JPEG under a longer name.
_KEPT = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
_OTHERS_SUFFIX = ".annotated.jpg"


def write_annotated(photo: Photo, result: PhotoResult, folder: Path, *, overwrite: bool = False) -> str | None:
    """Write the annotated copy of one photo below `folder`, where its name says; a photo with an error has none.

    Gives the reason where it could not be written, and None else. `overwrite`: replace an earlier copy; what
    faceannot did not make is never replaced.
    """
    if result.status is Status.ERROR:
        return None
    try:
        name = annotated_name(photo.name)
        image = Image.fromarray(read_again(photo, result))
        draw_on(image, result)
        image_format = _KEPT[PurePosixPath(name).suffix.lower()]
        options = options_like(photo.source, image_format)
        path = place(folder, name)
        save(image, path, image_format, inside=folder, source=photo.source, overwrite=overwrite, **options)
    except DiskFullError:
        raise
    # Whatever one photo brings about, such as a name that no file can have, must not cost the others.
    except Exception as error:
        return reason(error)
    return None


def annotated_name(name: str) -> str:
    """The name of a photo's copy: its own, or a longer one where the copy has another format. No two are the same."""
    lower = name.lower()
    if PurePosixPath(lower).suffix in _KEPT and not lower.endswith(_OTHERS_SUFFIX):
        return name
    return name + _OTHERS_SUFFIX


def read_again(photo: Photo, result: PhotoResult) -> RgbArray:
    """The photo at full size. Raises PhotoError where it is not the one any more that `result` is about."""
    picture = read(photo.source)
    if (picture.width, picture.height) != (result.photo_width, result.photo_height):
        raise PhotoError("the photo changed after it was labelled")
    return picture.rgb
