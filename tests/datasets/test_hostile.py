"""Crafted lists, tables and arrays: each is refused with the file, the line and what is wrong, at once and in short."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faceannot.datasets.example_rows import COLUMNS
from faceannot.datasets.prepare import load
from faceannot.datasets.sources import parse_source
from faceannot.errors import DatasetError, FaceannotError

MANY = 10_000_000
# Ten megabytes are refused in far less, on a busy machine too.
LIMIT_S = 20.0
FER_HEAD = "emotion,pixels,Usage\n"
CELEBA_HEAD = "1\nMale Smiling\n"


def refused(text: str, expected: str) -> None:
    """Reading the source `text` gives one short message that has `expected` in it."""
    began = time.monotonic()
    with pytest.raises(DatasetError) as caught:
        list(parse_source(text).examples())
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 1200
    assert time.monotonic() - began < LIMIT_S


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A manifest beside a picture `a.png`."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    return tmp_path / "list.csv"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("path,gender\na\0.png,male\n", "list.csv:2: path: no such file: 'a\\x00.png'"),
        ("path,gender\n\x1b[31ma.png,male\n", "list.csv:2: path: no such file: '\\x1b[31ma.png'"),
        (f"path,gender\n{'a' * 5000},male\n", "list.csv:2: path: no such file: aaa"),
        (f"path,gender\n{'../' * 2000}a.png,male\n", "list.csv:2: path: no such file: ../"),
        ("path,gender\n.,male\n", "list.csv:2: path: no such file: ."),
        ("path,gender\n/dev/zero,male\n", "list.csv:2: path: no such file: /dev/zero"),
        (f"path,gender,age\na.png,male,{'9' * 5000}\n", "list.csv:2: age: expected a number from 0 to 130"),
        ("path,gender,age\na.png,male,1e3\n", "list.csv:2: age: expected a number from 0 to 130"),
        ("path,gender,age\na.png,male,²\n", "list.csv:2: age: expected a number from 0 to 130"),
        ("path,gender,gender\na.png,male,female\n", "list.csv:1: the column gender is there twice"),
        ("path,path,gender\na.png,b.png,male\n", "list.csv:1: the column path is there twice"),
        (f"path,gender\na.png,{'x' * 100_000}\n", "list.csv:2: gender has to be one of male, female, found 'xxx"),
        (f"path,gender\n{'a' * 200_000},male\n", "list.csv:2: not CSV: field larger than field limit"),
        (f"path,gender\n{'a' * MANY}\n", "list.csv:2: longer than 1,000,000 letters"),
        (f"path,gender\n{'a,' * (MANY // 2)}\n", "list.csv:2: longer than 1,000,000 letters"),
        (f"path,{'a,' * (MANY // 2)}gender\n", "list.csv:1: longer than 1,000,000 letters"),
        (f"path,{'a,' * 100_000}b\n", "list.csv:1: none of the columns gender, emotion, expression; found path"),
        ('path,gender\na.png,male\n"a.png,male\na.png,male\n', "list.csv:3: 1 fields, but the header has 2"),
        ('path,gender\n"a.png\n",male\na.png,diverse\n', "list.csv:4: gender has to be one of"),
        ("path,gender\0\na.png,male\n", "list.csv:1: none of the columns"),
    ],
)
def test_a_crafted_manifest_is_refused_with_its_line(listed: Path, content: str, expected: str) -> None:
    listed.write_text(content, encoding="utf-8", newline="")
    refused(f"manifest:{listed}", expected)


def test_a_manifest_of_twenty_gigabytes_without_a_line_end_is_refused_at_once(listed: Path) -> None:
    with listed.open("wb") as file:
        file.write(b"path,gender\n")
        file.truncate(20 << 30)  # a hole, which takes no place on the disk
    refused(f"manifest:{listed}", "list.csv:2: longer than 1,000,000 letters")


def test_a_table_of_fer2013_of_twenty_gigabytes_without_a_line_end_is_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "fer.csv").open("wb") as file:
        file.write(FER_HEAD.encode())
        file.truncate(20 << 30)
    refused(f"fer2013:{tmp_path / 'fer.csv'}", "fer.csv:2: not a line of FER2013's CSV (longer than 100,000 bytes)")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{'9' * 5000},1 2,Training", "fer.csv:2: emotion has to be 0 to 6, found '999"),
        ("0\0,1,Training", "fer.csv:2: emotion has to be 0 to 6, found '0\\x00'"),
        (f"0,{' '.join(['1'] * 48 * 48)},{'x' * 5000}", "fer.csv:2: Usage has to be one of"),
        (f"0,{'1 ' * 5_000_000},Training", "fer.csv:2: not a line of FER2013's CSV"),
        ('"0,1,Training', "fer.csv:2: 1 fields, but the header has 3"),
    ],
)
def test_a_crafted_line_of_fer2013_is_refused_with_its_number(tmp_path: Path, line: str, expected: str) -> None:
    (tmp_path / "fer.csv").write_text(f"{FER_HEAD}{line}\n", encoding="utf-8")
    refused(f"fer2013:{tmp_path / 'fer.csv'}", expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("²\nMale Smiling\na.jpg 1 1\n", "list_attr_celeba.txt:2: expected a number"),
        (f"{'9' * 5000}\nMale Smiling\na.jpg 1 1\n", "list_attr_celeba.txt:2: expected a number"),
        (f"{CELEBA_HEAD}{'a' * MANY}\n", "list_attr_celeba.txt:3: longer than 1,000,000 letters"),
        (f"{CELEBA_HEAD}{'a' * 5000} 1 1\n", "none of the pictures that it lists is there"),
        (f"{CELEBA_HEAD}a\0.jpg 1 1\n", "none of the pictures that it lists is there"),
        (f"{CELEBA_HEAD}a.jpg 1 0\n", "list_attr_celeba.txt:3: expected a name and 2 times 1 or -1"),
    ],
)
def test_a_crafted_list_of_celeba_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "img_align_celeba").mkdir()
    (tmp_path / "list_attr_celeba.txt").write_text(content, encoding="utf-8")
    refused(f"celeba:{tmp_path}", expected)


@pytest.mark.parametrize("age", ["nan", "inf", "1e300", "-5", "131", "9" * 5000, "1_0", ""])
def test_an_age_that_nobody_has_is_refused_with_its_line(tmp_path: Path, age: str) -> None:
    for part in ("images", "labels"):
        (tmp_path / "train" / part).mkdir(parents=True)
    (tmp_path / "g.csv").write_text(f"picture,gender,age\nffhq_1.png,male,34.5\nffhq_2.png,male,{age}\n")
    refused(f"affectnet-yolo:{tmp_path}?genders={tmp_path / 'g.csv'}", "g.csv:3: expected a gender (female, male) and")


@settings(max_examples=150)
@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(["manifest", "fer2013"]))
def test_a_list_of_any_text_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, text: str, kind: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    head = "path,gender\n" if kind == "manifest" else FER_HEAD
    path.write_text(head + text, encoding="utf-8", newline="")
    with pytest.raises(DatasetError, match=r"any\.csv"):
        list(parse_source(f"{kind}:{path}").examples())


def h5(path: Path, **sets: Callable[[Any, str], object]) -> Path:
    with h5py.File(path, "w") as file:
        for key, make in sets.items():
            make(file, key)
    return path


def of_shape(shape: tuple[int, ...], kind: str = "u1", chunks: Any = None) -> Callable[[Any, str], object]:
    """A set that claims a shape and holds nothing: the file stays small."""
    return lambda file, key: file.create_dataset(key, shape, kind, chunks=chunks)


def of(values: Any) -> Callable[[Any, str], object]:
    return lambda file, key: file.create_dataset(key, data=values)


def elsewhere(shape: tuple[int, ...]) -> Callable[[Any, str], object]:
    place = [("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    return lambda file, key: file.create_dataset(key, shape, "u1", external=place)


def virtual(shape: tuple[int, ...]) -> Callable[[Any, str], object]:
    def make(file: Any, key: str) -> None:
        layout = h5py.VirtualLayout(shape, "u1")
        layout[0] = h5py.VirtualSource("/etc/passwd", "x", shape[1:])
        file.create_virtual_dataset(key, layout)

    return make


def link(target: Any) -> Callable[[Any, str], object]:
    return lambda file, key: file.__setitem__(key, target)


ONE, LABEL = of(np.zeros((1, 8, 8, 3), np.uint8)), of([1])


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (of_shape((10**9, 8, 8, 3)), of_shape((10**9,), "i8"), "train_set_x claims the shape (1000000000, 8, 8, 3)"),
        (of_shape((10**9, 8, 8, 3), chunks=(1, 8, 8, 3)), of_shape((10**9,), "i8"), "train_set_x claims the shape"),
        (of_shape((1, 10**6, 10**6, 3), chunks=(1, 64, 64, 3)), LABEL, "train_set_x claims the shape"),
        (of_shape((200, 4000, 4000, 3), chunks=(100, 4000, 4000, 1)), of([1] * 200), "too large to be read one by one"),
        (elsewhere((1, 8, 8, 3)), LABEL, "train_set_x has to be an array in this file"),
        (ONE, elsewhere((1,)), "train_set_y has to be an array in this file"),
        (virtual((1, 8, 8, 3)), LABEL, "train_set_x has to be an array in this file"),
        (link(h5py.ExternalLink("/etc/passwd", "x")), LABEL, "train_set_x"),
        (link(h5py.SoftLink("/train_set_x")), LABEL, "train_set_x"),
        (ONE, link(h5py.SoftLink("/train_set_x")), "train_set_y has to be an array in this file"),
        (link(np.dtype("u1")), LABEL, "train_set_x has to be an array in this file"),
        (ONE, of(["one"]), "train_set_y has to be (1,) integers"),
        (ONE, of_shape((1,), h5py.vlen_dtype(np.int64)), "train_set_y has to be (1,) integers"),
        (of(h5py.Empty("u1")), LABEL, "train_set_x has to be (n, height, width, 3) uint8"),
        (ONE, of(np.array([2**64 - 1], np.uint64)), "train_set_y[0] has to be 1 (happy) or 0"),
    ],
)
def test_a_crafted_hdf5_file_is_refused_with_its_key(tmp_path: Path, x: Any, y: Any, expected: str) -> None:
    path = h5(tmp_path / "a.h5", train_set_x=x, train_set_y=y)
    assert path.stat().st_size < 100_000
    refused(f"happy-h5:{path}", expected)


def test_a_key_whose_name_is_no_text_is_shown(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset(b"\xff", data=1)
    refused(f"happy-h5:{tmp_path / 'a.h5'}", "expected train_set_x and train_set_y")


def test_a_pipe_that_is_called_like_an_hdf5_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.h5")
    refused(f"happy-h5:{tmp_path}", "no HDF5 file")


@pytest.fixture(scope="module")
def whole() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["train_set_x"], file["train_set_y"] = np.zeros((4, 8, 8, 3), np.uint8), [1, 0, 1, 0]
    return stream.getvalue()


@settings(max_examples=200)
@given(changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_hdf5_file_is_read_or_refused_in_words(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(whole)
    for place, value in changes:
        content[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.h5"
    path.write_bytes(content)
    try:
        for example in parse_source(f"happy-h5:{path}").examples():
            example.picture()
    except FaceannotError as error:
        assert str(error)


CROPS = np.zeros((1, 112, 112, 3), np.uint8)
FINE = {"source": "a", "name": "a", "path": "a.png", "split": "train", "gender": "male"}


def prepared(folder: Path, crops: Any = CROPS, columns: Any = COLUMNS, **fields: str) -> Path:
    """A folder as `prepare` leaves it, with other crops or fields."""
    folder.mkdir()
    np.save(folder / "crops.npy", crops, allow_pickle=crops.dtype.hasobject)
    values = [{**FINE, **fields}.get(name, "") for name in columns]
    quoted = ",".join('"' + value.replace('"', '""') + '"' for value in values)
    (folder / "examples.csv").write_text(f"{','.join(columns)}\n{quoted}\n", encoding="utf-8")
    return folder


def test_a_folder_of_prepared_crops_is_read(tmp_path: Path) -> None:
    shares = "[0, 0.5, 0.5, 0, 0, 0, 0]"
    (example,) = load(prepared(tmp_path / "p", expression=shares, age="34", index="7")).examples
    assert (example.gender, example.age, example.index, example.expression) == (
        "male",
        34,
        7,
        (0, 0.5, 0.5, 0, 0, 0, 0),
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"split": "tain"}, "examples.csv:2: split has to be one of train, validation, test, found 'tain'"),
        ({"gender": "x" * 5000}, "examples.csv:2: gender has to be one of male, female"),
        ({"age": "9" * 5000}, "examples.csv:2: age has to be a whole number up to 130"),
        ({"age": "-1"}, "examples.csv:2: age has to be a whole number"),
        ({"index": "1e9"}, "examples.csv:2: index has to be a whole number"),
        ({"expression": "[" * 100_000}, "examples.csv:2: expression has to be 7 shares"),
        ({"expression": "[1]"}, "examples.csv:2: expression has to be 7 shares"),
        ({"expression": "[NaN, 1, 0, 0, 0, 0, 0]"}, "examples.csv:2: expression has to be 7 shares"),
        ({"expression": '{"a": 1}'}, "examples.csv:2: expression has to be 7 shares"),
        ({"expression": f"[{'9' * 5000}]"}, "examples.csv:2: expression has to be 7 shares"),
        ({"name": "a" * 200_000}, "examples.csv:2: not CSV: field larger than field limit"),
    ],
)
def test_a_crafted_list_of_crops_is_refused_with_line_and_column(
    tmp_path: Path, fields: dict[str, str], expected: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        load(prepared(tmp_path / "p", **fields))
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_list_of_crops_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"examples\.csv:1: no column split"):
        load(prepared(tmp_path / "p", columns=[name for name in COLUMNS if name != "split"]))


class Bomb:
    """What a pickle can do: call anything."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize(
    "crops",
    [np.array([Bomb()], dtype=object), np.zeros((1, 112, 112, 3)), np.zeros((1, 111, 112, 3), np.uint8), np.uint8(1)],
    ids=["pickle", "other type", "other shape", "a number"],
)
def test_crops_of_another_kind_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crops: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=r"crops\.npy: .*prepare again"):
        load(prepared(tmp_path / "p", crops=crops))
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 112, 112, 3)}",
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 112, 112, 3)}",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        b"__import__('os').mkdir('exploded')",
        b"(" * 9000,
        b"'''",
        b"\xff\0",
    ],
)
def test_a_crafted_header_of_crops_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    folder = prepared(tmp_path / "p")
    size = len(header).to_bytes(2, "little")
    (folder / "crops.npy").write_bytes(b"\x93NUMPY\x01\x00" + size + header + bytes(100))
    with pytest.raises(DatasetError, match=r"crops\.npy: "):
        load(folder)
    assert not (tmp_path / "exploded").exists()


def test_a_pickle_in_the_place_of_crops_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    monkeypatch.chdir(tmp_path)
    folder = prepared(tmp_path / "p")
    (folder / "crops.npy").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DatasetError, match=r"crops\.npy: "):
        load(folder)
    assert not (tmp_path / "exploded").exists()
