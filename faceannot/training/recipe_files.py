"""Finds, reads and changes recipe files: those that come with faceannot and people's own."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from faceannot.errors import UsageError
from faceannot.plain_files import shortened
from faceannot.training.recipe import SECTIONS

# The longest recipe that comes with faceannot has three thousand letters, three levels and no line above 200.
_LARGEST_BYTES, _DEEPEST = 1_000_000, 20
FOLDER = Path(__file__).parent / "recipes"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """A recipe as its file has it: `origin` names it in messages, `table` is what it says, `text` how."""

    origin: str
    text: str
    table: dict[str, Any]

    @property
    def has_stages(self) -> bool:
        """Whether it is in the form of the bundled models' recipes, which have modules of their own."""
        return "stages" in self.table


def shipped() -> dict[str, Path]:
    """Name to file of the recipes that come with faceannot."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def open_recipe(name: str) -> RecipeFile:
    """The shipped recipe `name`. Raises `UsageError` with the list of them for any other."""
    paths = shipped()
    if name not in paths:
        raise UsageError(f"{name}: no such recipe; there are {', '.join(paths)}, and --recipe FILE takes your own")
    return read_recipe(paths[name], f"recipe {name}")


def read_recipe(path: Path, origin: str | None = None) -> RecipeFile:
    """A recipe from a TOML file. Raises `UsageError` where it cannot be read."""
    origin = origin or str(path)
    try:
        text = _read(path)
        return RecipeFile(origin, text, parsed_toml(text))
    except OSError as error:
        raise UsageError(f"{origin}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise UsageError(f"{origin}: not valid TOML: {shortened(str(error), 300)}") from error


def _read(path: Path) -> str:
    # Not only a plain file: the shell makes a recipe into a pipe, as in --recipe <(...).
    with path.open("rb") as file:
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"larger than {_LARGEST_BYTES:,} bytes, which no recipe is")
    return content.decode("utf-8").replace("\r\n", "\n")


def parsed_toml(text: str) -> dict[str, Any]:
    """`text` as a table. Raises `ValueError`, also for tables and lists that lie too deep in one another."""
    try:
        table = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("tables or lists lie too deep in one another") from error
    level: list[Any] = [table]
    for _ in range(_DEEPEST):
        level = [inner for part in level for inner in _parts(part)]
    if level:
        raise ValueError("tables or lists lie too deep in one another")
    return table


def _parts(value: Any) -> list[Any]:
    """The tables and lists right in `value`."""
    inside = value.values() if isinstance(value, dict) else value
    return [part for part in inside if isinstance(part, dict | list)]


def changed(recipe: RecipeFile, settings: Sequence[str]) -> RecipeFile:
    """`recipe` with each `KEY=VALUE` of `settings` in it.

    A key with dots is a place: `schedule.epochs`, `steps.NAME.epochs`, `stages.2.schedule.epochs`. One without is set
    wherever the recipe has it, or else in the section that it belongs to. Raises `UsageError` for a place that is
    not there.
    """
    if not settings:
        return recipe
    table = parsed_toml(recipe.text)
    for setting in settings:
        key, equals, text = setting.partition("=")
        setting = shortened(setting, 200)  # from here on only for messages
        if not equals or not key.strip() or key.count(".") > _DEEPEST:
            raise UsageError(f"--set {setting}: expected KEY=VALUE, such as epochs=3 or steps.unified.epochs=3")
        *places, last = key.strip().split(".")
        targets = [_place(table, places, setting)] if places else _homes(table, last, setting)
        for target in targets:
            target[last] = _parsed(text.strip())
    return RecipeFile(recipe.origin, toml(table), table)


def _place(table: dict[str, Any], places: Sequence[str], setting: str) -> dict[str, Any]:
    here: Any = table
    for place in places:
        if _is_tables(here):
            found = {str(part.get("name", number)): part for number, part in enumerate(here, start=1)}
            if place not in found:
                raise UsageError(f"--set {setting}: {place} is not there; there are {', '.join(found)}")
            here = found[place]
        else:
            here = here.setdefault(place, {})
        if not isinstance(here, dict) and not _is_tables(here):
            raise UsageError(f"--set {setting}: {place} is a value, not a section")
    if not isinstance(here, dict):
        first = here[0].get("name", 1)
        raise UsageError(f"--set {setting}: say which one, such as {places[-1]}.{first}.{setting.rpartition('.')[2]}")
    return here


def _homes(table: dict[str, Any], key: str, setting: str) -> list[dict[str, Any]]:
    found = [part for part in _tables(table) if key in part]
    if found:
        return found
    for name, kind in SECTIONS.items():
        if key in {part.name for part in fields(kind)}:
            return [table.setdefault(name, {})]
    raise UsageError(f"--set {setting}: the recipe has no key {key}; write its whole place, such as augmentation.{key}")


def _tables(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _tables(part)


def _parsed(text: str) -> Any:
    """A TOML value; what is none is a text, so that nobody has to quote one twice."""
    try:
        table = parsed_toml(f"value = {text}")
    except ValueError:
        return text
    return table["value"] if len(table) == 1 else text


def toml(table: Mapping[str, Any], place: str = "") -> str:
    """`table` as TOML: values first, then sections, then lists of sections."""
    sections = {key: value for key, value in table.items() if isinstance(value, dict)}
    lists = {key: value for key, value in table.items() if _is_tables(value)}
    values = [f"{_key(key)} = {_written(value)}\n" for key, value in table.items() if key not in sections | lists]
    parts = ["".join(values)]
    parts += [f"[{place}{_key(key)}]\n{toml(value, f'{place}{_key(key)}.')}" for key, value in sections.items()]
    parts += [
        f"[[{place}{_key(key)}]]\n{toml(one, f'{place}{_key(key)}.')}" for key, value in lists.items() for one in value
    ]
    return "\n".join(part for part in parts if part)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_written(part) for part in value)}]"
    if isinstance(value, float):
        return repr(value)
    # JSON's texts, whole numbers, true and false are TOML's too; no recipe has dates.
    return json.dumps(value, default=str)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)
