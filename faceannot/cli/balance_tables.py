"""A balance report as tables in the terminal, on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from faceannot.balance.association import Association
from faceannot.balance.counts import Count
from faceannot.balance.findings import KIND_NAMES, findings
from faceannot.balance.groups import Grouping
from faceannot.balance.report import Report
from faceannot.balance.sampling import Plan
from faceannot.cli.summary import plain

_LINES_SHOWN = 20
_SHARES_SHOWN = 6
# Of a pipe or a file, which have no width of their own.
_WIDTH = 120
_LOUD = "bold white on red"
_COLOURS = {"empty": _LOUD, "unlabelled": "yellow", "leak": "red", "contradiction": "red", "source": "red"}


def show_report(report: Report) -> None:
    """Print the report to standard output. Raises BrokenPipeError when nobody reads any more."""
    unknown_width = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    console = Console(highlight=False, width=_WIDTH if unknown_width else None)
    # Rich would end the command itself, with another exit code, on a closed pipe.
    with console.capture() as captured:
        for part in _parts(report):
            console.print(part)
    sys.stdout.write(captured.get())
    sys.stdout.flush()


def _parts(report: Report) -> Iterator[RenderableType]:
    yield _findings(report)
    for title, by, counts in report.counts():
        yield _counts(title, by, counts)
    yield from map(_plan, report.plans)
    yield from map(_association, report.associations)
    if report.groupings:
        yield _groupings(report.groupings)
    yield from _lines("left out while reading", report.skipped)
    if report.copies:
        unread = report.copies.unread.items()
        yield from _lines("could not be read", [f"{report.entries[at].name}: {reason}" for at, reason in unread])


def _findings(report: Report) -> Table:
    table = Table("what", "what is wrong", title=_title("what is wrong"), title_justify="left")
    for finding in findings(report):
        table.add_row(Text(finding.what, _COLOURS.get(finding.what, "")), plain(finding.text))
    return table


def _counts(title: str, by: str, counts: Sequence[Count]) -> Table:
    table = _numbers(title, by, *counts[0].classes, "unknown", "ratio")
    for counted in counts:
        cells = [
            Text("none", _LOUD) if name in counted.empty else Text(f"{size:,}")
            for name, size in counted.classes.items()
        ]
        ratio = f"{counted.ratio:.2f}" if counted.ratio is not None else "-"
        table.add_row(plain(counted.group), *cells, f"{counted.unknown:,}", ratio)
    return table


def _plan(plan: Plan) -> Table:
    table = _numbers(
        f"to balance {plan.axis} ({plan.split})", "class", "faces", "weight", "undersampled", "oversampled"
    )
    for part in plan.classes:
        sizes = (part.count, part.undersampled, part.oversampled)
        count, undersampled, oversampled = (f"{size:,}" for size in sizes)
        table.add_row(part.name, count, f"{part.weight:.3f}", undersampled, oversampled)
    return table


def _association(association: Association) -> Table:
    title = f"{association.axis} and source ({association.split}): Cramer's V {association.cramers_v:.2f}"
    table = _numbers(title, "source", "class", "faces", "share of class", "share of rest")
    for share in association.shares[:_SHARES_SHOWN]:
        style = "red" if share.telling else ""
        shares = (f"{share.pictures:,}", f"{share.share:.0%}", f"{share.elsewhere:.0%}")
        table.add_row(plain(share.origin), share.class_name, *shares, style=style)
    return table


def _groupings(groupings: Sequence[Grouping]) -> Table:
    title = "copies (near ones include the identical) and people"
    table = _numbers(title, "", "groups", "pictures", "extra", "across splits", "disagree on")
    for grouping in groupings:
        extra = "\n".join(f"{split} {size:,}" for split, size in grouping.extra.items())
        leaks = "\n".join(f"{leak.pictures:,} of {leak.second} in {leak.first}" for leak in grouping.leaks)
        said = "\n".join(f"{label} {len(groups):,}" for label, groups in grouping.contradictions.items() if groups)
        sizes = (f"{len(grouping.groups):,}", f"{grouping.pictures:,}", "" if grouping.kind == "people" else extra)
        table.add_row(KIND_NAMES[grouping.kind], *sizes, leaks or "none", said or "none")
    return table


def _lines(title: str, lines: Sequence[str]) -> Iterator[Table]:
    if lines:
        table = Table(title=_title(f"{title}: {len(lines):,}"), title_justify="left", show_header=False)
        for line in lines[:_LINES_SHOWN]:
            table.add_row(plain(line))
        if len(lines) > _LINES_SHOWN:
            table.add_row(f"and {len(lines) - _LINES_SHOWN:,} more")
        yield table


def _numbers(title: str, first: str, *others: str) -> Table:
    """An empty table whose columns, but for the first, are right-aligned."""
    table = Table(title=_title(title), title_justify="left")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _title(text: str) -> Text:
    return Text(text, "bold")
