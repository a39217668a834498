"""Which examples train, which decide when to stop, and which are kept for judging."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from faceannot.datasets.example import Example, Split
from faceannot.datasets.splitting import split_by_hash


def with_validation(examples: Sequence[Example], share: float) -> list[Example]:
    """`examples`; in each source without a validation part of its own `share` of what is not for judging becomes one.

    By hash, people kept together. The small part that cleaning cuts from such a source goes back into training first.
    """
    complete = {example.source for example in examples if example.split == "validation" and not _was_cut(example)}
    return [
        example if example.split == "test" or example.source in complete else _cut(example, share)
        for example in examples
    ]


def fold(examples: Sequence[Example], number: int, folds: int, share: float) -> tuple[list[Example], list[int]]:
    """`examples` for fold `number`, 0 to `folds` - 1, and the places of those that it judges.

    They are kept from training as the test part is. Of the others `share` is the validation part.
    """
    places = [
        place
        for place, example in enumerate(examples)
        if example.split != "test" and int(_draw(example) * folds) == number
    ]
    judged = set(places)
    cut = [
        replace(example, split="test")
        if place in judged
        else example
        if example.split == "test"
        else _cut(example, share, "within a fold: ")
        for place, example in enumerate(examples)
    ]
    return cut, places


def _was_cut(example: Example) -> bool:
    """Whether cleaning, too, would put it into validation by its name: then that part need not be the source's own."""
    return split_by_hash(example.subject or PurePosixPath(example.name).name, 0) == "validation"


def _cut(example: Example, share: float, purpose: str = "") -> Example:
    split: Split = "validation" if _draw(example, purpose) < share else "train"
    return replace(example, split=split)


def _draw(example: Example, purpose: str = "") -> float:
    """From 0 to below 1, the same for all pictures of a person; another number for another purpose."""
    key = f"{purpose}{example.source}/{example.subject or example.name}"
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[-4:], "big") / 2**32
