"""Source data sets by name: `KIND:PATH?option=value` as people write it to the examples it holds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from faceannot.datasets import (
    affectnet_masked,
    affectnet_yolo,
    all_age_faces,
    celeba,
    everyday,
    fer2013,
    ferplus,
    folders,
    gender_folders,
    happy_h5,
    manifest,
    rafdb,
    utkface,
)
from faceannot.datasets.cleaning import Cleaned, clean
from faceannot.datasets.example import Example
from faceannot.datasets.files import whole_number
from faceannot.datasets.naming import named_apart
from faceannot.errors import DatasetError

_OPTIONS = re.compile(r"[a-z][a-z-]*=[^&]*(&[a-z][a-z-]*=[^&]*)*")
_HOW = "see `faceannot datasets`"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a kind: `parse` takes its text and a place for messages."""

    name: str
    help: str
    parse: Callable[[str, str], Any]
    default: Any = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A format of source data.

    `read` takes the path and the options under their names with `_` for `-`; `looks_like` says whether a path is
    of this format; `layout` shows one.
    """

    name: str
    help: str
    layout: str
    read: Callable[..., Iterator[Example]]
    looks_like: Callable[[Path], bool]
    options: tuple[Option, ...] = ()
    ages: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One source data set: what format it has, where it lies, and the options that were given."""

    kind: Kind
    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    def examples(self) -> Iterator[Example]:
        """Every picture of the source, as it lies there, in the source's own split.

        Raises `DatasetError` naming file, line or key where it is malformed.
        """
        chosen = {option.name: option for option in self.kind.options}
        given = {name.replace("-", "_"): value for name, value in self.options.items() if name in chosen}
        try:
            yield from self.kind.read(self.path, **given)
        except OSError as error:
            raise DatasetError(f"{error.filename or self.path}: {error.strerror or error}") from error

    @property
    def youngest(self) -> int:
        """Genders of younger people are not used for training."""
        return int(next((self.options.get(option.name, option.default) for option in self.kind.ages), 0))


def clean_sources(sources: Sequence[Source], *, for_training: bool = True) -> list[Cleaned]:
    """What can be used of each source, and what was left out: `clean` of all together, so also copies across them.

    Of two sources of one name the second is called `NAME 2`. Only `for_training` the age matters from which a source's
    genders are used: people are judged at every age.
    """
    raw = named_apart(source.examples() for source in sources)
    ages = {one.source: source.youngest for source, some in zip(sources, raw, strict=True) for one in some}
    whole = clean((one for some in raw for one in some), ages if for_training else {})
    return [_of_sources(whole, {one.source for one in some}) for some in raw]


def _of_sources(whole: Cleaned, names: Collection[str]) -> Cleaned:
    return Cleaned(
        tuple(one for one in whole.examples if one.source in names),
        tuple(one for one in whole.left_out if one.example.source in names),
    )


def parse_source(text: str) -> Source:
    """The source that `KIND:PATH`, or a PATH whose format can be told, names; options follow as `?name=value&...`.

    Raises `DatasetError` for an unknown kind or option, and for a path that is not there.
    """
    place, options = _without_options(text)
    name, colon, rest = place.partition(":")
    if colon and name in KINDS:
        kind, path = KINDS[name], _existing(rest, text)
    elif colon and not os.path.lexists(place):
        raise DatasetError(f"{text}: unknown kind {name}; the kinds are {', '.join(KINDS)} ({_HOW})")
    else:
        path = _existing(place, text)
        kind = _sniff(path)
    return Source(kind, path, _parse_options(kind, options, text))


def _without_options(text: str) -> tuple[str, str]:
    place, mark, options = text.rpartition("?")
    return (place, options) if mark and _OPTIONS.fullmatch(options) else (text, "")


def _existing(path: str, text: str) -> Path:
    # os.path says False where Path raises: a name that is too long, a folder that may not be entered.
    if not os.path.exists(path):  # noqa: PTH110
        raise DatasetError(f"{path or text or '(empty)'}: no such file or folder, for a source KIND:PATH ({_HOW})")
    return Path(path)


def _sniff(path: Path) -> Kind:
    try:
        found = next((kind for kind in KINDS.values() if kind.looks_like(path)), None)
    except OSError as error:
        raise DatasetError(f"{error.filename or path}: {error.strerror or error}") from error
    if found is None:
        raise DatasetError(f"{path}: of no kind that can be told; name it as KIND:{path} ({_HOW})")
    return found


def _parse_options(kind: Kind, text: str, whole: str) -> dict[str, Any]:
    known = {option.name: option for option in (*kind.options, *kind.ages)}
    parsed = {}
    for pair in filter(None, text.split("&")):
        name, _, value = pair.partition("=")
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise DatasetError(f"{whole}: {kind.name} has no option {name}; {has} ({_HOW})")
        parsed[name] = known[name].parse(value, f"{whole}: {name}")
    return parsed


def _file(text: str, where: str) -> Path:
    if not os.path.isfile(text):  # noqa: PTH113
        raise DatasetError(f"{where}: no such file: {text or '(empty)'}")
    return Path(text)


def _age(text: str, where: str) -> int:
    return whole_number(text, where, 0, 130)


def _votes(text: str, where: str) -> int:
    return whole_number(text, where, 1, 10)


def _not_happy(text: str, where: str) -> str:
    if text not in ("sad", "none"):
        raise DatasetError(f"{where}: has to be sad or none, found {text!r}")
    return text


def _min_age(default: int) -> Option:
    return Option("min-age", f"years from which a gender is used for training ({default})", _age, default)


def _kind(name: str, help_text: str, reader: ModuleType, *options: Option, ages: tuple[Option, ...] = ()) -> Kind:
    return Kind(name, help_text, reader.LAYOUT, reader.read, reader.looks_like, options, ages)


# In the order in which a path is tried: from the formats with names of their own to the most general.
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(
            "happy-h5",
            "happy and other faces in HDF5, as in the 600-image set",
            happy_h5,
            Option("not-happy", "what the others are: sad, as in the published projects, or none (sad)", _not_happy),
        ),
        _kind("celeba", "CelebA: gender, and smiling as happy", celeba),
        _kind(
            "ferplus",
            "FER+: seven expressions by vote",
            ferplus,
            Option("agreement", f"votes of ten that the expression needs ({ferplus.AGREEMENT})", _votes),
        ),
        _kind(
            "affectnet-yolo",
            "a YOLO copy of AffectNet and FFHQ: seven expressions, gender of some",
            affectnet_yolo,
            Option("genders", "CSV with picture, gender and age of the ffhq_* pictures", _file),
        ),
        _kind("everyday", "faces in everyday photos of three sets: gender and expression, by looking", everyday),
        _kind("affectnet-masked", "part of AffectNet, the background blacked out: seven expressions", affectnet_masked),
        _kind("all-age-faces", "All-Age-Faces: gender and age", all_age_faces, ages=(_min_age(0),)),
        _kind("rafdb", "RAF-DB, basic: seven expressions, gender of some", rafdb),
        _kind("fer2013", "FER2013, CSV or class folders: seven expressions", fer2013),
        _kind(
            "gender-folders",
            "male/female folders inside split folders",
            gender_folders,
            Option("identities", "file that says who is in which picture, to split by person", _file),
        ),
        _kind("utkface", "UTKFace: gender, age and ethnicity", utkface, ages=(_min_age(16),)),
        _kind("manifest", "a CSV of your own with paths and labels", manifest, ages=(_min_age(0),)),
        _kind("folders", "class folders: genders, expressions or both", folders),
    )
}
