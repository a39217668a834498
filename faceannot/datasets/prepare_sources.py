"""Turns whole sources into aligned crops, a folder each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from faceannot.datasets.cleaning import Cleaned
from faceannot.datasets.prepare import Prepared, prepare
from faceannot.datasets.sources import Source, clean_sources


@dataclass(frozen=True, slots=True)
class PreparedSource:
    """One source, what was left out of it before, and its crops in `folder`."""

    name: str
    folder: Path
    cleaned: Cleaned
    prepared: Prepared


def prepare_sources(
    sources: Sequence[Source],
    out: Path,
    detector: Path,
    *,
    workers: int | None = None,
    seen: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> Iterator[PreparedSource]:
    """The crops of each source in a folder of `out` with the name of its kind, made or gone on with.

    `seen` is told the name, how many pictures are finished and how many there are. Raises what `clean_sources` and
    `prepare` raise.
    """
    for name, cleaned in zip(_names(sources), clean_sources(sources), strict=True):
        total = len(cleaned.examples)

        def report(done: int, name: str = name, total: int = total) -> None:
            seen(name, done, total)

        prepared = prepare(cleaned.examples, out / name, detector, workers=workers, seen=report)
        yield PreparedSource(name, out / name, cleaned, prepared)


def _names(sources: Sequence[Source]) -> Iterator[str]:
    """The kind of each; the second of a kind is `utkface-2`."""
    used: Counter[str] = Counter()
    for source in sources:
        used[source.kind.name] += 1
        number = used[source.kind.name]
        yield source.kind.name if number == 1 else f"{source.kind.name}-{number}"
