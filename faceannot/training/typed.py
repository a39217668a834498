"""From a TOML table to a typed record, or a message that names the key and what it may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from faceannot.errors import UsageError
from faceannot.plain_files import shortened

# What divides "my.toml: schedule.epochs".
_PLACE = re.compile(r"[. ]")
# No network has as many layers, and no recipe as many steps before one.
_LONGEST_LIST = 100
# Beyond it a whole number may have no floating-point one, and is out of all limits anyway.
_EXACT = 2**53
_LIMITS: dict[str, tuple[float, float]] = {
    "side_px": (16, 512),
    "validation": (0.01, 0.9),
    "widths": (1, 4096),
    "blocks": (0, 100),
    "own_labels": (0.0, 1.0),
    "own_part": (0.0, 1.0),
    "mean_with": (1, 100),
    "dense": (0, 65536),
    "dropout": (0.0, 0.99),
    "epochs": (1, 100_000),
    "batch": (1, 65536),
    "learning_rate": (1e-9, 100.0),
    "weight_decay": (0.0, 10.0),
    "label_smoothing": (0.0, 0.99),
    "early_stopping": (0, 100_000),
    "seed": (0, 2**31 - 1),
    "confidence": (0.0, 1.0),
    "rotation_degrees": (0.0, 360.0),
    "smallest_px": (2, 512),
    "depths": (1, 100),
    "canvas_px": (64, 4096),
    "steps": (1, 1_000_000),
    "ema": (0.0, 0.999999),
    "power": (0.0, 1.0),
    "youngest_for_gender": (0, 130),
    "context": (0.1, 8.0),
    "proposed": (0.01, 0.99),
}
# Of keys that are not named above, such as sources: how often their photos are looked at, and their shares.
_OTHERS: dict[Any, tuple[float, float]] = {int: (0, 1000), float: (0.0, 10.0)}


def section(kind: type, table: Any, where: str) -> Any:
    """`table` as the dataclass `kind`; a `UsageError` names `where` and key, and what is allowed."""
    if not isinstance(table, dict):
        raise UsageError(f"{where.rstrip('.')}: expected a table of keys and values")
    hints = get_type_hints(kind)
    only(table, set(hints), where)
    for part in fields(kind):
        if part.default is MISSING and part.default_factory is MISSING:
            needed(table, part.name, where)
    return kind(**{key: value(given, hints[key], f"{where}{key}") for key, given in table.items()})


def only(table: Mapping[str, Any], allowed: set[str], where: str) -> None:
    """Raise `UsageError` for a key that is not `allowed`."""
    for key in table:
        if key not in allowed:
            raise UsageError(f"{where}{_named(key)}: no such key; there are {', '.join(sorted(allowed))}")


def needed(table: Mapping[str, Any], key: str, where: str) -> Any:
    """The value of `key`, or a `UsageError` that says that it is missing."""
    if key not in table:
        raise UsageError(f"{where}{key}: missing")
    return table[key]


def value(given: Any, hint: Any, where: str) -> Any:
    """`given` as the field's type has it, or a `UsageError` that says what the field takes."""
    if get_origin(hint) is tuple:
        if not isinstance(given, list) or not (given or get_args(hint)[0] is str) or len(given) > _LONGEST_LIST:
            raise UsageError(f"{where}: expected a list of at most {_LONGEST_LIST}, found {shortened(repr(given))}")
        return tuple(value(part, get_args(hint)[0], where) for part in given)
    if get_origin(hint) is Literal:
        if given not in get_args(hint):
            raise UsageError(f"{where}: expected one of {', '.join(get_args(hint))}, found {shortened(repr(given))}")
        return given
    if hint is float and type(given) is int and abs(given) <= _EXACT:
        given = float(given)
    if type(given) is not hint:
        raise UsageError(f"{where}: expected {_KINDS[hint]}, found {shortened(repr(given))}")
    if hint in _OTHERS:
        low, high = _LIMITS.get(_PLACE.split(where)[-1], _OTHERS[hint])
        if not low <= given <= high:
            raise UsageError(f"{where}: expected a number from {low:g} to {high:g}, found {shortened(repr(given))}")
    return given


def _named(key: str) -> str:
    """`key` for a message: TOML lets it hold anything."""
    return shortened(key if key.isprintable() and key else repr(key))


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
