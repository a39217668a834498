"""The short form of benchmarks/hostile.py, and that it would notice what it looks for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NAMES = ["suite/0/a.jpg", "0-bits-flipped.png"]
ROWS = [
    {"path": NAMES[0], "status": "ok", "error": ""},
    {"path": NAMES[0], "status": "ok", "error": ""},
    {"path": NAMES[1], "status": "error", "error": "damaged PNG: broken data stream"},
]


@pytest.fixture
def folder(tmp_path: Path, portrait: Path) -> Path:
    """A folder with one photo, small enough to be quick."""
    (tmp_path / "photos").mkdir()
    with Image.open(portrait) as image:
        image.thumbnail((300, 300))
        image.save(tmp_path / "photos" / "portrait.jpg")
    return tmp_path / "photos"


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in ("hostile", "mutations", "inflated", "common"):
        sys.modules.pop(name, None)


@pytest.fixture
def hostile(benchmarks: None) -> ModuleType:
    import hostile  # type: ignore[import-not-found]

    return hostile  # type: ignore[no-any-return]


def test_hostile_files_all_have_their_rows_and_reasons(folder: Path, tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    shutil.copytree(folder, suite)
    (suite / "no photo.txt").write_text("Dear diary,")
    command = [sys.executable, str(BENCHMARKS / "hostile.py"), str(suite), "--photos", str(folder), "--annotated"]
    done = subprocess.run([*command, "--count", "60", "--first", "350"], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "62 files: 2 test images, 60 hostile copies" in done.stdout


@pytest.mark.usefixtures("benchmarks")
def test_a_hostile_file_is_the_same_whenever_it_is_made(folder: Path) -> None:
    from mutations import Campaign, from_photos, small_sources  # type: ignore[import-not-found]

    photos = sorted(folder.iterdir())
    one, other = (Campaign(from_photos(photos), small_sources(photos), 7) for _ in range(2))
    for number in (500, 3, 399):
        assert one.mutant(number) == other.mutant(number)
    assert len({one.mutant(number).kind for number in range(399)}) > 10
    assert Campaign([], small_sources([]), 8).mutant(3) != one.mutant(3)


@pytest.mark.parametrize(
    ("rows", "names", "noise", "memory", "fault"),
    [
        (ROWS, NAMES, "", 100, None),
        (ROWS[:2], NAMES, "", 100, "1 missing, such as ['0-bits-flipped.png']"),
        (ROWS[::-1], NAMES, "", 100, "rows are not those of the files, in order"),
        ([{**ROWS[0], "status": "error"}], NAMES[:1], "", 100, "reason ''"),
        ([{**ROWS[2], "error": "KeyError: 3"}], NAMES[1:], "", 100, "no reason for people: KeyError: 3"),
        (ROWS, NAMES, "Traceback", 100, "something was printed: Traceback"),
        (ROWS, NAMES, "", 9000, "9000 MiB were in use, more than 8192"),
    ],
)
def test_what_must_not_happen_is_a_fault(
    hostile: ModuleType, rows: list[dict[str, str]], names: list[str], noise: str, memory: int, fault: str | None
) -> None:
    outcome = hostile.Outcome(names, rows, hostile.Watch(), 1.0, memory, noise, [])
    faults = list(hostile.faults_of(outcome, 8192))
    assert len(faults) == (fault is not None)
    assert fault is None or fault in faults[0]
