"""The tables of `faceannot compare` on standard output."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from faceannot.cli.evaluation_tables import show, table_of
from faceannot.cli.summary import plain
from faceannot.evaluation.comparison import Comparison
from faceannot.evaluation.comparison_tables import notes, word_tables


def show_comparison(whole: Comparison) -> None:
    """Print the notes and the tables."""
    show(_parts(whole))


def _parts(whole: Comparison) -> Iterator[Table | Text]:
    for note in notes(whole):
        yield Text(f"{note}\n")
    for one in word_tables(whole):
        table = table_of(one.title, one.head[: one.texts], one.head[one.texts :])
        for row in one.rows:
            table.add_row(*map(plain, row))
        yield table
