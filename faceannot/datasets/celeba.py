"""CelebA: forty attributes for 202,599 pictures of some 10,000 people (Liu et al. 2015)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from faceannot.datasets.example import Example, Split, one_hot
from faceannot.datasets.files import present, read_lines
from faceannot.datasets.gender_folders import read_identities
from faceannot.errors import DatasetError
from faceannot.plain_files import shortened

LAYOUT = """\
PATH/list_attr_celeba.txt       202599
                                5_o_Clock_Shadow ... Male ... Smiling ... Young
                                000001.jpg -1 ... -1 ... 1 ... 1
PATH/img_align_celeba/000001.jpg
PATH/list_eval_partition.txt    000001.jpg 0       (if it is there: 0 train, 1 validation, 2 test)
PATH/identity_CelebA.txt        000001.jpg 2880    (if it is there)
the lists may lie in Anno/ and Eval/, the pictures in Img/img_align_celeba/"""
_ATTRIBUTES, _PARTITION, _IDENTITIES = "list_attr_celeba.txt", "list_eval_partition.txt", "identity_CelebA.txt"
_COUNT = re.compile("[0-9]{1,12}")
_SPLITS: dict[str, Split] = {"0": "train", "1": "validation", "2": "test"}
_PLACES = ("", "Anno", "Eval")
_PICTURES = ("img_align_celeba", "Img/img_align_celeba", "img_align_celeba/img_align_celeba")


def looks_like(path: Path) -> bool:
    return _find(path, _ATTRIBUTES) is not None


def read(folder: Path) -> Iterator[Example]:
    """Every picture of the attribute list: Male is the gender, Smiling is happy; not smiling says nothing.

    Raises `DatasetError` naming file and line.
    """
    attributes = _find(folder, _ATTRIBUTES)
    if attributes is None:
        raise DatasetError(f"{folder}: no {_ATTRIBUTES}; is it the CelebA folder?")
    pictures = _pictures(folder)
    identities, partition = _find(folder, _IDENTITIES), _find(folder, _PARTITION)
    people = read_identities(identities) if identities else {}
    splits = _splits(partition) if partition else {}
    listed = (
        Example(
            source="celeba",
            name=name,
            path=pictures / name,
            split=splits.get(name, "train"),
            gender="male" if male else "female",
            expression=one_hot("happy") if smiling else None,
            subject=people.get(name.split(".")[0]),
        )
        for name, male, smiling in _attributes(attributes)
    )
    yield from present(listed, attributes)


def _find(folder: Path, name: str) -> Path | None:
    return next((folder / place / name for place in _PLACES if (folder / place / name).is_file()), None)


def _pictures(folder: Path) -> Path:
    """The folder of the pictures, the innermost of that name."""
    found = [folder / name for name in _PICTURES if (folder / name).is_dir()]
    if not found:
        raise DatasetError(f"{folder}: no folder img_align_celeba with the pictures")
    return found[-1]


def _attributes(path: Path) -> Iterator[tuple[str, bool, bool]]:
    """Name, Male and Smiling of each picture; the list's first line says how many there have to be."""
    lines = read_lines(path)
    _, first = next(lines, (1, ""))
    _, names = next(lines, (2, ""))
    columns = names.split()
    if not _COUNT.fullmatch(first.strip()) or "Male" not in columns or "Smiling" not in columns:
        raise DatasetError(f"{path}:2: expected a number and then a line of attributes with Male and Smiling")
    male, smiling = columns.index("Male"), columns.index("Smiling")
    count = 0
    for number, line in lines:
        name, *values = line.split()
        if len(values) != len(columns) or {values[male], values[smiling]} - {"1", "-1"}:
            raise DatasetError(f"{path}:{number}: expected a name and {len(columns)} times 1 or -1")
        count += 1
        yield name, values[male] == "1", values[smiling] == "1"
    if count != int(first):
        raise DatasetError(f"{path}: its first line says {first.strip()} pictures, but it has {count}; fetch it again")


def _splits(path: Path) -> Mapping[str, Split]:
    splits = {}
    for number, line in read_lines(path):
        fields = line.split()
        if len(fields) != 2 or fields[1] not in _SPLITS:
            raise DatasetError(
                f"{path}:{number}: expected 'NAME 0', 'NAME 1' or 'NAME 2', found {shortened(repr(line))}"
            )
        splits[fields[0]] = _SPLITS[fields[1]]
    return splits
