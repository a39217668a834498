"""Which examples train, which decide when to stop, and which are kept for judging."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from faceannot.datasets.example import Example, Split


def with_validation(examples: Sequence[Example], share: float) -> list[Example]:
    """`examples`; of each source without a validation part, `share` of its training part becomes one, by hash."""
    complete = {example.source for example in examples if example.split == "validation"}
    return [
        _moved(example, "validation")
        if example.split == "train" and example.source not in complete and _draw(example) < share
        else example
        for example in examples
    ]


def fold(examples: Sequence[Example], number: int, folds: int) -> list[Example]:
    """`examples` with fold `number`, 0 to `folds` - 1, as the validation part; what is kept for judging stays so."""
    return [
        example
        if example.split == "test"
        else _moved(example, "validation" if int(_draw(example) * folds) == number else "train")
        for example in examples
    ]


def _moved(example: Example, split: Split) -> Example:
    return replace(example, split=split)


def _draw(example: Example) -> float:
    """From 0 to below 1, the same for all pictures of a person."""
    key = f"{example.source}/{example.subject or example.name}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[-4:], "big") / 2**32
