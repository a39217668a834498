"""Part of AffectNet with the background blacked out (200x200), in class folders: seven expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from faceannot.datasets import folders
from faceannot.datasets.example import Example

SOURCE = "affectnet-masked"
LAYOUT = """\
PATH/train/angry/1.jpg, PATH/test/happy/1.jpg
    (angry, disgust, fear, happy, neutral, sad, surprise)"""


def looks_like(path: Path) -> bool:
    """Never: nothing but its name tells it from other class folders."""
    return False


def read(folder: Path) -> Iterator[Example]:
    """Every picture with the class of its folder; raises as `folders.read` does."""
    for example in folders.read(folder):
        yield replace(example, source=SOURCE)
