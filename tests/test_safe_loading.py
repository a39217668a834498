"""Nothing that is read can run code: no pickle, no code from a file, and foreign formats in their safe modes alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path for name in ("faceannot", "benchmarks", "examples", "docs") for path in (ROOT / name).rglob("*.py")
)

# Modules that make objects, and with them calls, out of what a file says.
PICKLING = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml"}
# Calls that do so, or that turn text into code, by their last name.
UNSAFE_CALLS = {
    "enable_unsafe_deserialization",
    "eval",
    "exec",
    "read_pickle",
    "register_custom_ops_library",
}
# Who alone may open a foreign format, because that is where it is checked.
DOORS = {
    "InferenceSession": {"faceannot/onnx_files.py"},
    "load_model": {"faceannot/training/bundling.py"},
    "load_weights": {"faceannot/training/epochs.py", "faceannot/training/fit.py"},
}


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Each call in a file, with the dotted name of what is called."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def says(node: ast.Call, name: str, value: bool) -> bool:
    """Whether a call has the argument `name=value`, written out."""
    return any(
        word.arg == name and isinstance(word.value, ast.Constant) and word.value.value is value
        for word in node.keywords
    )


def imported(path: Path) -> Iterator[tuple[str, ast.AST]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node


def test_the_sources_are_found() -> None:
    assert len(SOURCES) > 150


def test_nothing_that_pickles_is_imported() -> None:
    found = [place(path, node) for path in SOURCES for name, node in imported(path) if name.split(".")[0] in PICKLING]
    assert not found


def test_no_call_makes_code_or_objects_of_data() -> None:
    found = [
        f"{place(path, node)}: {name}"
        for path in SOURCES
        for name, node in calls(path)
        if name.split(".")[-1] in UNSAFE_CALLS or name in ("torch.load", "compile", "__import__", "np.fromregex")
    ]
    assert not found


def test_numpy_files_are_read_without_pickle_in_so_many_words() -> None:
    loads = [
        (path, node)
        for path in SOURCES
        for name, node in calls(path)
        if name in ("np.load", "numpy.load", "np.lib.format.read_array")
    ]
    assert len(loads) >= 3
    assert not [place(path, node) for path, node in loads if not says(node, "allow_pickle", False)]


def test_keras_models_are_read_in_safe_mode_in_so_many_words() -> None:
    loads = [(path, node) for path in SOURCES for name, node in calls(path) if name.split(".")[-1] == "load_model"]
    assert loads
    assert not [place(path, node) for path, node in loads if not says(node, "safe_mode", True)]
    assert not [
        place(path, node) for path, node in loads if any(word.arg == "custom_objects" for word in node.keywords)
    ]


def test_hdf5_files_are_opened_for_reading_or_made_anew() -> None:
    opened = [(path, node) for path in SOURCES for name, node in calls(path) if name == "h5py.File"]
    assert opened
    modes = {ast.literal_eval(node.args[1]) if len(node.args) > 1 else None for _, node in opened}
    assert modes <= {"r", "x"}


@pytest.mark.parametrize("call", DOORS)
def test_a_foreign_format_has_one_door(call: str) -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        for name, _ in calls(path)
        if name.split(".")[-1] == call and path.is_relative_to(ROOT / "faceannot")
    }
    assert users == DOORS[call]
