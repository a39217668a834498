"""The closing table of a run, on standard error: faces by label, photos without a face, failures and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from faceannot.records import LABELS

if TYPE_CHECKING:
    from faceannot.labelling import Tally

_MOST_REASONS = 10


def show_summary(tally: Tally) -> None:
    """Print the closing table to standard error."""
    console = Console(stderr=True, highlight=False)
    console.print(_counts(tally))
    if tally.reasons:
        console.print(_failures(tally))


def _counts(tally: Tally) -> Table:
    table = Table(show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    for name in LABELS:
        table.add_row(name, f"{tally.faces[name]:,}")
    table.add_section()
    table.add_row("faces", f"{tally.faces.total():,}")
    table.add_row("of them unsure", f"{tally.unsure:,}")
    table.add_section()
    table.add_row("photos", f"{tally.photos:,}")
    table.add_row("without a face", f"{tally.without_face:,}")
    table.add_row("failed", f"{tally.failures:,}")
    return table


def _failures(tally: Tally) -> Table:
    table = Table("failed", "reason", "first photo")
    for reason, count in tally.reasons.most_common(_MOST_REASONS):
        table.add_row(f"{count:,}", plain(reason), plain(tally.examples[reason]))
    rest = tally.reasons.total() - sum(count for _, count in tally.reasons.most_common(_MOST_REASONS))
    if rest:
        table.add_row(f"{rest:,}", "other reasons", "")
    return table


def plain(text: str) -> Text:
    """Text that a terminal shows as it is: names may hold markup, control characters and bytes that are no UTF-8."""
    return Text("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text))
