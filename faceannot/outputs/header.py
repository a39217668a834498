"""What made an output: the tool's version, the bundle, and the options that change results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Option = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class RunHeader:
    """Identity of a run: two runs with equal headers give equal results for the same photo.

    `options`: those that a run which goes on must share: what changes results, such as thresholds, and the folders
    that get pictures; never what changes speed.
    """

    version: str
    bundle_name: str
    bundle_sha256: str
    options: Mapping[str, Option] = field(default_factory=dict)
