"""From the sources that people name with `--data` to crops and examples, and a fingerprint of each source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from faceannot.bundle import file_sha256
from faceannot.datasets.cleaning import Cleaned
from faceannot.datasets.example import Example
from faceannot.datasets.prepare import Prepared, fingerprint, load, prepare
from faceannot.datasets.prepare_sources import PreparedSource
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
    """Crops of every source, in the order in which they were named; `detector_sha256`: of what finds the faces."""

    sources: tuple[Prepared, ...]
    fingerprints: tuple[Fingerprint, ...]
    detector_sha256: str

    def described(self) -> dict[str, Any]:
        """What a training writes down of its data."""
        return description(self.fingerprints, self.detector_sha256)


def description(fingerprints: Sequence[Fingerprint], detector_sha256: str) -> dict[str, Any]:
    """What a training writes down of its data, for JSON."""
    return {"detector_sha256": detector_sha256, "sources": [asdict(one) for one in fingerprints]}


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how the crops come along.

    `seen`: the kind of a source, how many of its pictures are finished and how many there are. `finished`: a source
    with what was left out of it, its crops, and the pictures that are lost or cannot be read.
    """

    seen: Callable[[str, int, int], None] = lambda name, done, total: None
    finished: Callable[[PreparedSource], None] = lambda source: None


UNWATCHED = Watch()


def gather(
    data: Sequence[str], cache: Path, detector: Path, watch: Watch = UNWATCHED, youngest: int | None = None
) -> Material:
    """Crops of the sources `data`, each `KIND:PATH` or `prepared:FOLDER`; crops are kept in `cache`.

    All sources of the first form are cleaned together. `youngest`: age from which genders are used where a source
    knows ages and does not say itself. Raises `DatasetError` for a source that is not there, is malformed or shows no
    face.
    """
    loaded = {text: _loaded(text) for text in data if text.startswith(PREPARED)}
    sources = {text: _source(text, youngest) for text in data if text not in loaded}
    cleaned = dict(zip(sources, clean_sources(list(sources.values())), strict=True)) if sources else {}
    for text in sources:
        loaded[text] = _prepared(text, sources[text], cleaned[text], cache, detector, watch)
    for text in data:
        if not loaded[text].examples:
            raise DatasetError(f"{text}: no face was found in its pictures")
    prepared = [loaded[text] for text in data]
    return Material(tuple(prepared), tuple(map(_fingerprint, data, prepared)), file_sha256(detector))


def _loaded(text: str) -> Prepared:
    folder = Path(text.removeprefix(PREPARED))
    if not (folder / "examples.csv").is_file() or not (folder / "crops.npy").is_file():
        raise DatasetError(f"{folder}: no examples.csv and crops.npy; is it a folder of prepared crops?")
    return load(folder)


def _source(text: str, youngest: int | None) -> Source:
    """The same for every way that leads to its path."""
    source = parse_source(text)
    ages = {option.name: youngest for option in source.kind.ages if youngest is not None}
    return replace(source, path=source.path.resolve(), options={**ages, **source.options})


def _prepared(text: str, source: Source, cleaned: Cleaned, cache: Path, detector: Path, watch: Watch) -> Prepared:
    name, examples = source.kind.name, cleaned.examples
    if not examples:
        why = ", ".join(f"{count:,} {reason}" for reason, count in cleaned.reasons().most_common())
        raise DatasetError(f"{text}: none of its pictures can be used: {why or 'it has none'}")

    def seen(done: int) -> None:
        watch.seen(name, done, len(examples))

    # Another folder as soon as anything that decides the crops or their labels is another.
    folder = cache / f"{name}-{fingerprint(examples, detector)[:16]}"
    prepared = prepare(examples, folder, detector, workers=usable_cpus(), seen=seen)
    watch.finished(PreparedSource(name, folder, cleaned, prepared))
    return prepared


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
