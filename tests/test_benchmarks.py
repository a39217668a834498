"""Benchmarks that hold a promise do so in short, and the one behind published-approaches.md asks for what there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer.main

from faceannot.cli.app import app
from faceannot.datasets.sources import KINDS
from faceannot.training.recipe_files import open_recipe, read_recipe, shipped
from tests.cli.running import environment

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.delitem(sys.modules, "published_approaches", raising=False)
    import published_approaches  # type: ignore[import-not-found]

    return published_approaches  # type: ignore[no-any-return]


def test_the_published_approaches_are_all_recipes_but_the_bundled_ones(script: ModuleType) -> None:
    assert set(script.RECIPES) == {name for name in shipped() if not name.startswith("bundled")}
    assert {source.partition(":")[0] for source in (*script.TRAIN_DATA, *script.TEST_DATA)} <= set(KINDS)


def test_its_commands_are_understood(script: ModuleType) -> None:
    group = typer.main.get_command(app)
    make, compare = script.commands(["one.toml", "two.toml"], 600, is_made=False)
    assert script.commands(["one.toml", "two.toml"], 600, is_made=True) == [compare]
    command = group.commands["datasets"].commands["make"].commands["happy-h5"]  # type: ignore[attr-defined]
    assert command.make_context("happy-h5", make[3:]).params["size"] == 600
    context = group.commands["compare"].make_context("compare", compare[1:])  # type: ignore[attr-defined]
    assert list(context.params["models"]) == ["bundled", "one.toml", "two.toml"]


def test_short_trainings_leave_the_emotion_model_its_time(script: ModuleType) -> None:
    assert script.shortened(open_recipe("transfer"), None) == open_recipe("transfer")
    recipe = script.shortened(open_recipe("combined-early-stopping"), 2)
    assert [step.get("epochs") for step in recipe.table["steps"]] == [None, 6]
    assert script.shortened(open_recipe("emotion-cnn"), 2) == open_recipe("emotion-cnn")


def test_a_recipe_is_written_under_its_name(script: ModuleType, tmp_path: Path) -> None:
    name = script.written(script.shortened(open_recipe("gender-cnn"), 2), tmp_path)
    assert name == "gender-cnn.toml"
    assert read_recipe(tmp_path / name).table["steps"][0]["epochs"] == 2


def test_what_people_wrote_stays_below_the_tables(script: ModuleType) -> None:
    first = script.composed("# Title\n\nold tables\n", "")
    again = script.composed("# Title\n\nnew tables\n", f"{first}\n## What it teaches\n\nThat it errs.\n")
    assert again.startswith("# Title\n\nThe published approaches")
    assert "old tables" not in again
    assert again.endswith("new tables\n\n## What it teaches\n\nThat it errs.\n")


def run(script: str, *options: str) -> tuple[int, str]:
    """Exit code and standard output of a benchmark."""
    command = [sys.executable, BENCHMARKS / script, *options]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, done.stdout


def test_runs_that_are_killed_go_on_to_the_same_files() -> None:
    code, said = run("kills.py", "--kills", "2", "--photos", "20")
    assert code == 0, said
    assert "left over: **0**" in said


def test_a_file_that_differs_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import kills  # type: ignore[import-not-found]

    for folder, names in (("whole", "abc"), ("other", "abd")):
        for name in names:
            (tmp_path / folder / "in").mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / "in" / name).write_text(name if name != "b" else folder)
    assert kills.differences(tmp_path / "whole", tmp_path / "other") == [
        "in/b differs",
        "in/c differs",
        "in/d differs",
    ]


def test_memory_stays_the_same_over_many_paths_on_standard_input() -> None:
    code, said = run("many.py", "--paths", "800")
    assert code == 0, said
    assert "growth after the first tenth" in said
