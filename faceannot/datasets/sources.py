"""Source data sets by name: `KIND:PATH` as people write it to the examples it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from faceannot.datasets import affectnet_yolo, all_age_faces, ferplus, gender_folders, rafdb, utkface
from faceannot.datasets.example import Example
from faceannot.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Kind:
    """A format of source data: how it is read."""

    name: str
    read: Callable[[Path], Iterator[Example]]


@dataclass(frozen=True, slots=True)
class Source:
    """One source data set: what format it has and where it lies."""

    kind: Kind
    path: Path

    def examples(self) -> Iterator[Example]:
        """Every example of the source. Raises `DatasetError` naming file, line or key where it is malformed."""
        return self.kind.read(self.path)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("utkface", utkface.read),
        Kind("gender-folders", gender_folders.read),
        Kind("all-age-faces", all_age_faces.read),
        Kind("rafdb", rafdb.read),
        Kind("ferplus", ferplus.read),
        Kind("affectnet-yolo", affectnet_yolo.read),
    )
}


def parse_source(text: str) -> Source:
    """The source that `KIND:PATH` names. Raises `DatasetError` for an unknown kind or a path that is not there."""
    kind, colon, path = text.partition(":")
    if not colon or kind not in KINDS:
        raise DatasetError(f"{text}: expected KIND:PATH with one of {', '.join(sorted(KINDS))}")
    if not Path(path).exists():
        raise DatasetError(f"{path}: no such file or folder")
    return Source(KINDS[kind], Path(path))
