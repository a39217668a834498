"""A report on a few faces with everything wrong that a report finds."""

from __future__ import annotations

from faceannot.balance.entries import Collection, Entry
from faceannot.balance.report import Report, make_report
from tests.balance.making import encoded, entry, scene

NASTY = '<script>alert("x")</script>&\x1b[31m.png'


def faulty_entries() -> list[Entry]:
    """Men above all, no sad woman, one picture in two splits with two genders and a person with them."""
    happy = {"expression": "happy", "emotion": "happy", "split": "train"}
    sad = {"expression": "sad", "emotion": "sad", "split": "train"}
    return [
        *[entry(f"{n}.png", encoded(scene(n)), gender="male", **happy) for n in range(6)],
        *[entry(f"{n}.png", encoded(scene(n)), gender="male", **sad) for n in range(6, 10)],
        entry(NASTY, encoded(scene(20)), gender="female", subject="7", age=30, **happy),
        entry("copy.png", encoded(scene(20)), gender="male", subject="7", split="test", ethnicity="Asian"),
        entry("broken.png", b"no picture", split="test"),
    ]


def faulty_report(*, copies: bool = True) -> Report:
    collection = Collection(tuple(faulty_entries()), ("utkface: <39_1>.jpg: skipped",))
    return make_report(collection, threads=2 if copies else None)
