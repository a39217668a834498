"""Who may import whom, and what `import faceannot` and `faceannot --help` must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import faceannot

PACKAGE = Path(faceannot.__file__).parent

# From the bottom to the top; a module imports from its own layer and from those below it.
LAYERS = (
    {"_version", "defaults", "errors", "plain_files", "runtime"},
    {"records", "pipeline"},
    {
        "alignment",
        "bundle",
        "classifier",
        "crop_networks",
        "detector",
        "finder",
        "formats",
        "images",
        "inputs",
        "lists",
        "onnx_files",
        "readers",
        "side_looks",
        "tiles",
        "turned_looks",
        "verifier",
        "_worker",
        "_worker_process",
    },
    {"annotator", "outputs"},
    {"labelling"},
    {"balance", "datasets", "evaluation", "training"},
    {"cli"},
    {"__init__", "__main__"},
)
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}
# What the layers may import from outside, where not everyone may.
OWNERS = {
    "keras": {"training"},
    "tensorflow": {"training"},
    "torch": {"training"},
    "jax": {"training"},
    "typer": {"cli"},
    "rich": {"cli"},
}
HEAVY = {"cv2", "h5py", "jax", "keras", "matplotlib", "onnx", "onnxruntime", "pyarrow", "tensorflow", "torch"}

COMMANDS = ("label", "evaluate", "balance-report", "train", "tune", "compare", "recipes", "prepare", "info")
HELPS = [["--help"], ["--version"], ["recipes"], ["datasets"], *([name, "--help"] for name in COMMANDS)]


@dataclass(frozen=True, slots=True)
class Import:
    """`top` is the unit of the importing module right below `faceannot`, `target` what it imports, in full."""

    where: str
    top: str
    target: str
    at_load: bool

    @property
    def target_top(self) -> str:
        """The unit right below `faceannot` that is imported; `__init__` for the package itself."""
        rest = self.target.split(".")[1:]
        return rest[0] if rest and rest[0] in LAYER_OF else "__init__"


@cache
def imports() -> list[Import]:
    """Every import statement in the package."""
    return [found for path in sorted(PACKAGE.rglob("*.py")) for found in imports_of(path)]


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    later = {id(inner) for node in ast.walk(tree) if is_not_run_at_load(node) for inner in ast.walk(node)}
    top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for node in ast.walk(tree):
        for target in targets(node):
            yield Import(f"{path.relative_to(PACKAGE)}:{node.lineno}", top, target, id(node) not in later)


def is_not_run_at_load(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def targets(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports in the package are absolute"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def units() -> set[str]:
    return {
        path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))
    }


def loaded_by(*command: str) -> set[str]:
    """The modules that a new interpreter loads when it runs `command`."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}


def test_every_module_has_its_layer() -> None:
    assert units() <= set(LAYER_OF), "a new module needs its place in LAYERS"


def test_modules_import_downward_only() -> None:
    upward = [
        f"{found.where} imports {found.target}"
        for found in imports()
        if found.target.split(".")[0] == "faceannot" and LAYER_OF[found.target_top] > LAYER_OF[found.top]
    ]
    assert not upward


def test_the_stages_know_neither_pictures_nor_models() -> None:
    known = {
        found.target_top for found in imports() if found.top == "pipeline" and found.target.startswith("faceannot")
    }
    assert known <= {"errors"}


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_a_library_of_one_layer_stays_in_it(library: str) -> None:
    users = {found.top for found in imports() if found.target.split(".")[0] == library}
    assert users <= OWNERS[library]


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    early = [
        f"{found.where} imports {found.target}"
        for found in imports()
        if found.at_load and found.target.split(".")[0] in HEAVY and found.top != "training"
    ]
    assert not early


def test_onnx_runtime_comes_from_where_its_reports_are_off() -> None:
    users = {found.top for found in imports() if found.target.split(".")[0] == "onnxruntime"}
    assert users == {"runtime"}


def test_importing_the_package_loads_nothing_but_itself() -> None:
    loaded = {name for name in loaded_by("-c", "import faceannot") if name.startswith("faceannot")}
    assert loaded <= {"faceannot", "faceannot._version"}


@pytest.mark.parametrize("arguments", HELPS)
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    loaded = {name.split(".")[0] for name in loaded_by("-m", "faceannot", *arguments)}
    assert "faceannot" in loaded
    assert not loaded & (HEAVY | {"numpy", "PIL"})


def test_each_public_name_can_be_imported() -> None:
    for name in faceannot.__all__:
        assert getattr(faceannot, name) is not None
