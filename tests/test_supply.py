"""What comes with faceannot is known: locked with hashes, listed with licences, and the same from every build."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib import util
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE = [Requirement(text) for text in PROJECT["dependencies"]]
PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)", re.MULTILINE)


def pins(name: str) -> set[tuple[str, str]]:
    """Packages and versions in one of the files of requirements; another Python may need another version."""
    text = (REQUIREMENTS / name).read_text(encoding="utf-8")
    return {(canonicalize_name(package), version) for package, version in PINNED.findall(text)}


def extra(name: str) -> list[Requirement]:
    """What an extra of our own brings, with the extras in it."""
    found = [Requirement(text) for text in PROJECT["optional-dependencies"][name]]
    inner = [one for part in found if part.name == "faceannot" for word in part.extras for one in extra(word)]
    return [part for part in found if part.name != "faceannot"] + inner


@pytest.mark.parametrize(("name", "wanted"), [("core.txt", CORE), ("dev.txt", [*CORE, *extra("dev")])])
def test_the_locks_hold_what_the_project_asks_for(name: str, wanted: list[Requirement]) -> None:
    locked = pins(name)
    for one in wanted:
        versions = [version for package, version in locked if package == canonicalize_name(one.name)]
        assert versions, f"requirements/{name} lacks {one.name}: run requirements/renew"
        assert all(map(one.specifier.contains, versions)), f"requirements/{name}: {one.name}: run requirements/renew"


@pytest.mark.parametrize("name", ["core.txt", "dev.txt"])
def test_every_locked_package_has_hashes_and_no_host(name: str) -> None:
    text = (REQUIREMENTS / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(entries) > 20
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)


def test_the_oldest_versions_are_the_lower_bounds() -> None:
    oldest = dict(pins("oldest.txt"))
    for one in [*CORE, *extra("parquet")]:
        (bound,) = [part for part in one.specifier if part.operator == ">="]
        assert f"{oldest[canonicalize_name(one.name)]}.".startswith(f"{bound.version}."), one.name


def closure() -> dict[str, Any]:
    """The packages that the core install needs here, by name, as they are installed."""
    found: dict[str, Any] = {}
    waiting = [one.name for one in CORE]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            pytest.fail(f"{name} is needed by the core and not installed")
        needs = [Requirement(text) for text in found[name].requires or []]
        waiting += [one.name for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def listed() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| ([\w.-]+) \| (\S+) \| (.+) \|$", (REQUIREMENTS / "LICENCES.md").read_text(), re.MULTILINE)
    return {name: (version, licence) for name, version, licence in rows if name != "package"}


def inventory() -> ModuleType:
    spec = util.spec_from_file_location("inventory", REQUIREMENTS / "inventory.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_core_dependency_is_listed_with_the_licence_that_it_states() -> None:
    known, licence = listed(), inventory().licence
    # Other versions, as in the run with the oldest ones, need other packages and may state it in other words.
    now = {name: package for name, package in closure().items() if known.get(name, ("",))[0] == package.version}
    for name, package in now.items():
        assert known[name][1] == licence(package), f"{name}: run requirements/renew"
    assert {canonicalize_name(one.name) for one in CORE} <= set(known)
    assert not [name for name, (_, said) in known.items() if said == "unknown"]


def test_the_lists_and_the_lock_name_the_same_packages() -> None:
    parts = json.loads((REQUIREMENTS / "sbom.json").read_text(encoding="utf-8"))["components"]
    versions = {name: version for name, (version, _) in listed().items()}
    assert {part["name"]: part["version"] for part in parts} == versions
    # The lock also has what other systems need.
    assert versions.items() <= pins("core.txt")


def test_the_bill_of_materials_has_no_date_and_is_whole() -> None:
    bom = json.loads((REQUIREMENTS / "sbom.json").read_text(encoding="utf-8"))
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert "serialNumber" not in bom
    assert "timestamp" not in bom["metadata"]
    references = {part["bom-ref"] for part in bom["components"]} | {"faceannot"}
    assert {entry["ref"] for entry in bom["dependencies"]} == references
    named = {one for entry in bom["dependencies"] for one in entry["dependsOn"]}
    assert named == references - {"faceannot"}


def build(source: Path, out: Path, *arguments: str) -> bytes:
    """The content of what building `source` gives."""
    command = [sys.executable, "-m", "build", "--no-isolation", *arguments, "--outdir", out, source]
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = out.iterdir()
    return made.read_bytes()


def test_the_wheel_is_the_same_from_another_folder_at_another_time_with_other_rights(tmp_path: Path) -> None:
    sdist = tmp_path / "sdist"
    build(ROOT, sdist, "--sdist")
    with tarfile.open(next(sdist.iterdir())) as opened:
        opened.extractall(tmp_path / "one", filter="data")
    (one,) = (tmp_path / "one").iterdir()
    other = tmp_path / "a much longer name" / "elsewhere"
    shutil.copytree(one, other)
    for path in other.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.stat().st_mode & 0o100 else 0o600)
    first, second = (build(folder, tmp_path / name, "--wheel") for folder, name in ((one, "1"), (other, "2")))
    assert first == second
    assert build(one, tmp_path / "3", "--sdist") == build(other, tmp_path / "4", "--sdist")
