"""The aligned faces of photos as pictures of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from faceannot.alignment import Template, align
from faceannot.errors import DiskFullError
from faceannot.inputs import Photo
from faceannot.outputs.annotated import read_again
from faceannot.outputs.places import place
from faceannot.outputs.saving import reason, save
from faceannot.records import PhotoResult

SIDE_PX = 256


def write_crops(
    photo: Photo, result: PhotoResult, folder: Path, template: Template, *, overwrite: bool = False
) -> str | None:
    """Write each face of `a/x.jpg`, cut from the photo at full size, as `a/x.jpg.1.png` and so on below `folder`.

    Gives the reason where one could not be written, and None else. `overwrite`: replace earlier crops; what
    faceannot did not make is never replaced.
    """
    if not result.faces:
        return None
    try:
        rgb = read_again(photo, result)
        for face in result.faces:
            crop = align(rgb, np.array(face.landmarks, dtype=np.float32), SIDE_PX, template)
            path = place(folder, f"{photo.name}.{face.number}.png")
            save(Image.fromarray(crop), path, "PNG", inside=folder, source=photo.source, overwrite=overwrite)
    except DiskFullError:
        raise
    # Whatever one photo brings about, such as a name that no file can have, must not cost the others.
    except Exception as error:
        return reason(error)
    return None
