"""What is documented exists, and what exists is documented."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from PIL import Image

from faceannot.cli.app import app
from faceannot.outputs.table import COLUMNS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("models/*.md")])
# Typer's command classes live in another module from version to version, so they have no name here.
GROUP: Any = typer.main.get_command(app)


def all_commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """The commands of `group` and of the groups in it, by all words of their name."""
    for name, command in group.commands.items():
        yield before + name, command
        if hasattr(command, "commands"):
            yield from all_commands(command, f"{before}{name} ")


COMMANDS: dict[str, Any] = dict(all_commands(GROUP))
PARAMETERS = [(name, parameter) for name, command in COMMANDS.items() for parameter in command.params]


def blocks(language: str) -> list[str]:
    """The README's code blocks in `language`."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def calls() -> list[list[str]]:
    """Each call of `faceannot` in the README's shell blocks, as words after the program's name."""
    parts = [part for line in "\n".join(blocks("sh")).splitlines() for part in re.split(r"\||&&|>", line)]
    words = [shlex.split(part) for part in parts if re.search(r"(^|[\s/])faceannot ", part)]
    return [some[1:] for some in words]


@pytest.mark.parametrize(("command", "parameter"), PARAMETERS, ids=lambda value: getattr(value, "name", value))
def test_each_parameter_has_help(command: str, parameter: Any) -> None:
    assert parameter.name == "help" or parameter.help, f"faceannot {command}: {parameter.name} has no help"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_and_is_in_the_readme(command: str) -> None:
    assert COMMANDS[command].help
    assert f"faceannot {command}" in README


@pytest.mark.parametrize(("command", "parameter"), PARAMETERS, ids=lambda value: getattr(value, "name", value))
def test_each_option_is_in_the_readme(command: str, parameter: Any) -> None:
    options = [option for option in parameter.opts if option.startswith("--")]
    assert all(re.search(rf"`{option}[` ]", README) for option in options), f"faceannot {command}: {options}"


def test_the_readme_calls_commands_and_options_that_exist() -> None:
    assert calls()
    for words in calls():
        name = max((name for name in COMMANDS if name.split() == words[: len(name.split())]), key=len)
        known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("-") and word != "-"} <= known


def test_the_readme_names_no_option_that_does_not_exist() -> None:
    known = {option for parameter in GROUP.params for option in parameter.opts}
    known |= {option for _, parameter in PARAMETERS for option in parameter.opts}
    named = set(re.findall(r"`(?:faceannot )?(--[a-z-]+)", README))
    assert named <= known


def test_the_readme_has_the_columns_in_their_order() -> None:
    table = README.partition("| column | |")[2].partition("\n\n")[0]
    named = [
        name
        for line in table.splitlines()
        for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    ]
    assert named == list(COLUMNS)


def test_the_readme_has_one_line_that_labels_and_one_that_tests() -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert sorted(line.split()[-1] if "pytest" in line else "label" for line in lines) == ["label", "pytest"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_the_readme_python_runs(tmp_path: Path, portrait: Path) -> None:
    from pillow_heif import from_pillow

    (tmp_path / "photos").mkdir()
    shutil.copy(portrait, tmp_path / "photos")
    from_pillow(Image.open(portrait)).save(tmp_path / "portrait.heic")
    script = tmp_path / "script.py"
    script.write_text("".join(blocks("python")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["photos/grace_hopper.jpg", "portrait.heic"]
