"""Labels for every face in a folder of photos: gender, expression, happy or sad, offline and on a CPU.

>>> from faceannot import Annotator
>>> for result in Annotator().annotate("photos"):
...     print(result.path, [face.scores.label for face in result.faces])

The names below are loaded when they are first used, so that `import faceannot` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from faceannot._version import __version__

if TYPE_CHECKING:
    from faceannot.annotator import Annotator
    from faceannot.bundle import Bundle, load_bundle
    from faceannot.errors import (
        BundleError,
        DatasetError,
        FaceannotError,
        InputError,
        OutputError,
        PhotoError,
        UsageError,
    )
    from faceannot.inputs import Photo, find_photos
    from faceannot.records import EXPRESSIONS, GENDERS, LABELS, Box, Face, PhotoResult, Scores, Status

__all__ = [
    "EXPRESSIONS",
    "GENDERS",
    "LABELS",
    "Annotator",
    "Box",
    "Bundle",
    "BundleError",
    "DatasetError",
    "Face",
    "FaceannotError",
    "InputError",
    "OutputError",
    "Photo",
    "PhotoError",
    "PhotoResult",
    "Scores",
    "Status",
    "UsageError",
    "__version__",
    "find_photos",
    "load_bundle",
]

_HOMES = {
    "faceannot.annotator": ("Annotator",),
    "faceannot.bundle": ("Bundle", "load_bundle"),
    "faceannot.errors": (
        "BundleError",
        "DatasetError",
        "FaceannotError",
        "InputError",
        "OutputError",
        "PhotoError",
        "UsageError",
    ),
    "faceannot.inputs": ("Photo", "find_photos"),
    "faceannot.records": ("EXPRESSIONS", "GENDERS", "LABELS", "Box", "Face", "PhotoResult", "Scores", "Status"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
