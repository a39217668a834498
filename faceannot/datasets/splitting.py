"""Which split a picture is in when its source has no split of its own, or one that cannot be used as it is."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from faceannot.datasets.example import Example, Split
from faceannot.datasets.naming import people_of, reader_name

# Share of 256 that the second byte of the hash sends from training to validation: 5 %.
VALIDATION_BELOW = 13
# Shares of 256 that the first byte sends to test: of people, and of pictures where nobody is known.
PEOPLE_BELOW = 26
PICTURES_BELOW = 51
# Sources that are split by name whatever parts they come in: UTKFace has none; All-Age-Faces' lists and
# affectnet-yolo's folders of FFHQ pictures have copies across them. FFHQ pictures are for training alone.
SPLIT_BY_NAME = {"utkface": 51, "all-age-faces": 38, "ffhq": 0}


def split_by_hash(key: str, test_below: int) -> Split:
    """The split that every figure uses: the SHA-256 of `key`, first byte below `test_below` is test.

    Of the rest, a second byte below 13 is validation.
    """
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
    if digest[0] < test_below:
        return "test"
    return "validation" if digest[1] < VALIDATION_BELOW else "train"


def mixed_sources(examples: Sequence[Example]) -> frozenset[str]:
    """Sources to be split by person: somebody is in more than one of their parts, or all is in one part.

    Sources that share their people go together.
    """
    parts: dict[str, set[Split]] = defaultdict(set)
    seen: dict[tuple[str, str], set[Split]] = defaultdict(set)
    with_people: set[str] = set()
    for example in examples:
        parts[example.source].add(example.split)
        if example.subject is not None:
            with_people.add(example.source)
            seen[people_of(example.source), example.subject].add(example.split)
    mixed = {people for (people, _), splits in seen.items() if len(splits) > 1}
    mixed |= {people_of(source) for source in with_people if parts[source] == {"train"}}
    return frozenset(source for source in with_people if people_of(source) in mixed)


def split_people(examples: Sequence[Example], sources: Collection[str]) -> list[Example]:
    """The pictures of `sources` whose person is known in the split of that person."""
    return [
        replace(example, split=split_by_hash(example.subject, PEOPLE_BELOW))
        if example.source in sources and example.subject is not None
        else example
        for example in examples
    ]


def complete(examples: Sequence[Example], by_person: Collection[str]) -> list[Example]:
    """`examples` with the parts that their sources lack cut from training.

    A source that is training alone gets both other parts; one with a test part gets validation. What has validation
    and no test stays as it is. In the sources `by_person` this is about the pictures of unknown people.
    """
    parts: dict[str, set[Split]] = defaultdict(set)
    for example in examples:
        if not _is_settled(example, by_person):
            parts[example.source].add(example.split)
    below = {source: _test_below(reader_name(source), parts[source]) for source in parts}
    return [
        example if _is_settled(example, by_person) else _cut(example, below[example.source]) for example in examples
    ]


def _is_settled(example: Example, by_person: Collection[str]) -> bool:
    return example.source in by_person and example.subject is not None


def _test_below(source: str, parts: set[Split]) -> int | None:
    if source in SPLIT_BY_NAME:
        return SPLIT_BY_NAME[source]
    if parts == {"train"}:
        return PICTURES_BELOW
    return 0 if parts == {"train", "test"} else None


def _cut(example: Example, test_below: int | None) -> Example:
    if test_below is None or example.split != "train":
        return example
    key = example.subject or PurePosixPath(example.name).name
    return replace(example, split=split_by_hash(key, test_below))
