"""From the sources that people name with `--data` to crops and examples, and a fingerprint of each source."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from faceannot.datasets.example import Example
from faceannot.datasets.prepare import Prepared, load, prepare
from faceannot.datasets.sources import Source, clean_sources, parse_source
from faceannot.defaults import usable_cpus
from faceannot.errors import DatasetError

# A folder that faceannot prepared before: crops.npy and examples.csv.
PREPARED = "prepared:"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a source held: enough to tell whether another run saw the same, and nothing of the pictures."""

    data: str
    examples: int
    splits: dict[str, int]
    sha256: str


@dataclass(frozen=True, slots=True)
class Material:
    """Crops of every source, in the order in which they were named."""

    sources: tuple[Prepared, ...]
    fingerprints: tuple[Fingerprint, ...]

    def described(self) -> list[dict[str, Any]]:
        return [asdict(fingerprint) for fingerprint in self.fingerprints]


def gather(data: Sequence[str], cache: Path, detector: Path) -> Material:
    """Crops of the sources `data`, each `KIND:PATH` or `prepared:FOLDER`; crops are kept in `cache`.

    Raises `DatasetError` for a source that is not there, is malformed or shows no face.
    """
    prepared = [_prepared(text, cache, detector) for text in data]
    for text, one in zip(data, prepared, strict=True):
        if not one.examples:
            raise DatasetError(f"{text}: no face was found in its pictures")
    return Material(tuple(prepared), tuple(map(_fingerprint, data, prepared)))


def _prepared(text: str, cache: Path, detector: Path) -> Prepared:
    if text.startswith(PREPARED):
        folder = Path(text.removeprefix(PREPARED))
        if not (folder / "examples.csv").is_file() or not (folder / "crops.npy").is_file():
            raise DatasetError(f"{folder}: no examples.csv and crops.npy; is it a folder of prepared crops?")
        return load(folder)
    source = parse_source(text)
    (cleaned,) = clean_sources([source])
    examples = cleaned.examples
    return prepare(examples, cache / _cache_name(source, examples, detector), detector, workers=usable_cpus())


def _cache_name(source: Source, examples: Sequence[Example], detector: Path) -> str:
    """Another one as soon as place, labels, splits or the detector that finds the faces are others."""
    parts = f"{source.path.resolve()}\n{hashlib.sha256(detector.read_bytes()).hexdigest()}\n{_sha256(examples)}"
    return f"{source.kind.name}-{hashlib.sha256(parts.encode()).hexdigest()[:16]}"


def _fingerprint(text: str, prepared: Prepared) -> Fingerprint:
    splits = [example.split for example in prepared.examples]
    counts = {part: splits.count(part) for part in ("train", "validation", "test")}
    return Fingerprint(text, len(splits), counts, _sha256(prepared.examples))


def _sha256(examples: Sequence[Example]) -> str:
    """Over names, labels and splits, in their order."""
    digest = hashlib.sha256()
    for one in examples:
        digest.update(repr((one.source, one.name, one.split, one.gender, one.expression)).encode())
    return digest.hexdigest()
