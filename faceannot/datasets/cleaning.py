"""Leaves out of source data what must not be trained on or measured with, and says why.

The readers give every picture as it lies there, in its source's own split; this is the one place that decides.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from faceannot.datasets import affectnet_yolo, splitting
from faceannot.datasets.example import Example, Split
from faceannot.datasets.naming import people_of, reader_name
from faceannot.datasets.seen_genders import seen_gender
from faceannot.errors import PhotoError
from faceannot.records import GENDERS, Gender

NO_LABEL = "no usable label"
KEPT_FOR_JUDGING = "kept for judging"
TOO_YOUNG = "too young for its gender to be used"
MISLABELLED = "it shows the other gender"
OUTVOTED = "most pictures of the same person have the other gender"
COPY = "a copy"
CONTRADICTED = "copies of it disagree on gender"

_log = logging.getLogger(__name__)
_ORDER: dict[Split, int] = {"test": 0, "validation": 1, "train": 2}
_NOBODY: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture that was left out. `copy_of`: the copy that stays, if that is the reason."""

    example: Example
    reason: str
    copy_of: Example | None = None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What can be used, in the order in which it was read, and what was left out."""

    examples: tuple[Example, ...]
    left_out: tuple[LeftOut, ...]

    def reasons(self) -> Counter[str]:
        """How many pictures were left out for each reason."""
        return Counter(one.reason for one in self.left_out)


def clean(examples: Iterable[Example], youngest: Mapping[str, int] = _NOBODY) -> Cleaned:
    """The pictures to train on or to measure with, each once, and in a split that holds.

    In this order: FFHQ's expressions, which must not be used, are taken away, and pictures without any label are left
    out; sources in which a person is in more than one split are split by person; pictures of training that were seen
    to show the other gender are left out, and of a person's pictures those with the gender of the fewer, except in
    test; copies are given once, in test before validation before training, and not at all if they disagree on gender;
    missing splits are cut from training by name; genders below the age that `youngest` has for a source are taken away.
    """
    raw = list(examples)
    usable = [_usable(example) for example in raw]
    left_out = [
        LeftOut(example, KEPT_FOR_JUDGING if affectnet_yolo.is_kept_for_judging(example) else NO_LABEL)
        for example, one in zip(raw, usable, strict=True)
        if not _has_label(one)
    ]
    kept = [example for example in usable if _has_label(example)]
    by_person = splitting.mixed_sources(kept)
    _tell_of_overridden(kept, by_person)
    kept = splitting.split_people(kept, by_person)
    for find in (_mislabelled, _outvoted, _copies):
        found = find(kept)
        left_out += found.values()
        kept = [example for position, example in enumerate(kept) if position not in found]
    kept = splitting.complete(kept, by_person)
    of_age = [_of_age(example, youngest) for example in kept]
    left_out += [LeftOut(example, TOO_YOUNG) for example, one in zip(kept, of_age, strict=True) if not _has_label(one)]
    return Cleaned(tuple(example for example in of_age if _has_label(example)), tuple(left_out))


def _usable(example: Example) -> Example:
    """`example` without the labels that must not be used, and in training if its source's parts do not count."""
    if reader_name(example.source) in splitting.SPLIT_BY_NAME:
        example = replace(example, split="train")
    if reader_name(example.source) == affectnet_yolo.FFHQ:
        example = replace(example, expression=None)
        if affectnet_yolo.is_kept_for_judging(example):
            return replace(example, gender=None)
    return example


def _has_label(example: Example) -> bool:
    return example.gender is not None or example.expression is not None


def _tell_of_overridden(examples: Iterable[Example], by_person: Collection[str]) -> None:
    own = {example.source for example in examples if example.split != "train"}
    for source in sorted(own & {*by_person}):
        _log.warning("%s: people are in more than one of its splits, so it is split by person instead", source)


def _of_age(example: Example, youngest: Mapping[str, int]) -> Example:
    """`example` without its gender, if that is of somebody younger than the source's are used from."""
    too_young = example.age is not None and example.age < youngest.get(example.source, 0)
    return replace(example, gender=None) if too_young else example


def _mislabelled(examples: Sequence[Example]) -> dict[int, LeftOut]:
    """Pictures that were looked at and show the other gender than their source says; none of a test part is listed."""
    return {
        position: LeftOut(example, MISLABELLED)
        for position, example in enumerate(examples)
        if example.gender is not None and _seen_otherwise(example)
    }


def _seen_otherwise(example: Example) -> bool:
    return seen_gender(example.source, example.name, example.path) not in (None, example.gender)


def _outvoted(examples: Sequence[Example]) -> dict[int, LeftOut]:
    """Pictures outside test with the other gender than most of the same person: one of the two labels is wrong."""
    counts = Counter((people_of(example.source), example.subject, example.gender) for example in examples)
    return {
        position: LeftOut(example, OUTVOTED)
        for position, example in enumerate(examples)
        if example.split != "test" and _is_outvoted(example, counts)
    }


def _is_outvoted(example: Example, counts: Counter[tuple[str, str | None, Gender | None]]) -> bool:
    if example.subject is None or example.gender is None:
        return False
    people = people_of(example.source)
    mine = counts[people, example.subject, example.gender]
    return any(counts[people, example.subject, other] > mine for other in GENDERS)


def _copies(examples: Sequence[Example]) -> dict[int, LeftOut]:
    groups: dict[bytes, list[int]] = defaultdict(list)
    for position in sorted(range(len(examples)), key=lambda place: _ORDER[examples[place].split]):
        digest = _digest(examples[position])
        if digest is not None:
            groups[digest].append(position)
    found: dict[int, LeftOut] = {}
    for group in groups.values():
        first = examples[group[0]]
        if len({examples[place].gender for place in group} - {None}) > 1:
            found.update({position: LeftOut(examples[position], CONTRADICTED) for position in group})
        else:
            found.update({position: LeftOut(examples[position], COPY, first) for position in group[1:]})
    return dict(sorted(found.items()))


def _digest(example: Example) -> bytes | None:
    """The hash of the content; None where it cannot be read."""
    try:
        return hashlib.sha256(example.content()).digest()
    except PhotoError:
        return None
