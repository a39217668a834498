"""Which split a picture is in when its source has no split of its own, or one that cannot be used as it is."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from faceannot.datasets.example import Example, Split

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
    """Sources to be split by person: somebody is in more than one of their parts, or all is in one part."""
    parts: dict[str, set[Split]] = defaultdict(set)
    seen: dict[tuple[str, str], set[Split]] = defaultdict(set)
    for example in examples:
        parts[example.source].add(example.split)
        if example.subject is not None:
            seen[example.source, example.subject].add(example.split)
    return frozenset(source for (source, _), splits in seen.items() if len(splits) > 1 or parts[source] == {"train"})


def split_people(examples: Sequence[Example], sources: Collection[str]) -> list[Example]:
    """The pictures of `sources` whose person is known in the split of that person."""
    return [
        replace(example, split=split_by_hash(example.subject, PEOPLE_BELOW))
        if example.source in sources and example.subject is not None
        else example
        for example in examples
    ]


def complete(examples: Sequence[Example], done: Collection[str]) -> list[Example]:
    """`examples` with the parts that their sources lack cut from training, but in the sources `done`.

    A source that is training alone gets both other parts; one with a test part gets validation. What has validation
    and no test stays as it is.
    """
    parts: dict[str, set[Split]] = defaultdict(set)
    for example in examples:
        parts[example.source].add(example.split)
    below = {source: _test_below(source, parts[source]) for source in parts if source not in done}
    return [_cut(example, below.get(example.source)) for example in examples]


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
