"""`faceannot recipes`."""

from __future__ import annotations

from pathlib import Path

from faceannot.training.recipe_files import shipped
from tests.cli.running import faceannot


def test_recipes_are_listed_with_their_approach(tmp_path: Path) -> None:
    lines = faceannot("recipes", cwd=tmp_path).stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == list(shipped())
    assert all(len(line.split()) > 5 for line in lines)


def test_a_recipe_is_shown_as_its_file_has_it(tmp_path: Path) -> None:
    run = faceannot("recipes", "transfer", cwd=tmp_path)
    assert run.stdout == shipped()["transfer"].read_bytes()


def test_an_unknown_recipe_is_wrong_usage(tmp_path: Path) -> None:
    run = faceannot("recipes", "transfers", cwd=tmp_path)
    assert run.returncode == 2
    assert b"there are bundled-classifier" in run.stderr
