"""The report of `faceannot evaluate` as tables on standard output, which is what the person asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from faceannot.cli.summary import plain
from faceannot.evaluation import words
from faceannot.evaluation.figures import QuestionReport
from faceannot.evaluation.html import HEADLINE, column_names, compared_figures
from faceannot.evaluation.report import ModelReport, Report, SourceReport

# A pipe has no width of its own; the widest table needs about as much.
_WIDTH = 175
_MOST_NAMES = 5
_MOST_DIFFERENCES = 20


def show_report(whole: Report) -> None:
    """Print the tables; the classes, groups and confusions of the last scope: of all data, or of the only source."""
    show(_parts(whole))


def show(parts: Iterable[Table | Text]) -> None:
    """Print `parts` to standard output, one below the other."""
    has_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(highlight=False, width=None if has_width else _WIDTH)
    # Captured, because rich ends a program with an exit code of its own when a pipe is closed.
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    typer.echo(captured.get(), nl=False)


def _parts(whole: Report) -> Iterator[Table | Text]:
    yield Text(f"{whole.note}\n")
    if len(whole.models) > 1:
        yield _side_by_side(whole)
    for model in whole.models:
        yield from _model(model)


def _side_by_side(whole: Report) -> Table:
    table = table_of("Side by side", ["data", "question", "figure"], column_names(whole.models))
    for source, question, figure, values in compared_figures(whole.models):
        table.add_row(*map(plain, (source, question, figure, *values)))
    return table


def _model(model: ModelReport) -> Iterator[Table | Text]:
    origin = f"recorded on {model.recorded}" if model.recorded else "measured now"
    title = plain(f"{model.name}, {origin}, bundle {model.sha256}")
    title.stylize("bold")
    yield title
    yield _headline(model)
    yield from (_lost(source) for source in model.sources if not source.pooled)
    scope = model.sources[-1]
    about = "all data" if scope.pooled else scope.name
    yield _classes(scope, about)
    yield from (_confusion(question, about) for question in scope.questions)
    yield _gaps(model)
    yield _groups(scope, about)
    yield _unsure(model)
    if model.differences is not None:
        yield _differences(model)


def _headline(model: ModelReport) -> Table:
    numbers = ["faces", "lost", "accuracy", "balanced", "macro F1", "ROC AUC", "ECE"]
    table = table_of("How often right, in per cent, with 95 % intervals", ["data", "question"], numbers)
    for source, question in _questions(model.sources):
        figures = (words.figure(question.figure(key)) for key in HEADLINE)
        counts = f"{question.faces:,}", f"{question.lost:,}"
        table.add_row(*map(plain, (source.name, question.title, *counts, *figures)))
    return table


def _lost(source: SourceReport) -> Text:
    names = ", ".join(source.lost[:_MOST_NAMES]) + (", ..." if len(source.lost) > _MOST_NAMES else "")
    counts = f"no face found in {source.no_face:,} of {source.pictures:,} pictures, {source.unreadable:,} unreadable"
    return plain(f"{source.name}: {counts}{': ' if names else ''}{names}")


def _classes(scope: SourceReport, about: str) -> Table:
    table = table_of(f"By class, {about}", ["question", "class"], ["faces", "recall", "precision", "F1", "ROC AUC"])
    for question in scope.questions:
        for part in question.classes:
            figures = (words.figure(figure) for figure in part.figures)
            table.add_row(*map(plain, (question.title, part.name, f"{part.faces:,}", *figures)))
    return table


def _confusion(question: QuestionReport, about: str) -> Table:
    names = [part.name for part in question.classes]
    table = table_of(f"{question.title}, {about}", ["people said ↓ faceannot →"], names)
    table.add_column("lost", justify="right")
    for name, row in zip(names, question.confusion, strict=True):
        table.add_row(name, *(f"{cell:,}" for cell in row))
    return table


def _gaps(model: ModelReport) -> Table:
    table = table_of("Largest gaps, in points", ["data", "question", "by", "worst", "best"], ["gap"])
    for source, question in _questions(model.sources):
        for dimension in question.groups:
            if gap := dimension.gap:
                shown = words.per_cent(gap.difference, gap.interval)
                table.add_row(*map(plain, (source.name, question.title, dimension.name, gap.worst, gap.best, shown)))
    return table


def _groups(scope: SourceReport, about: str) -> Table:
    table = table_of(f"By group, {about}, worst first", ["question", "by", "group"], ["faces", "lost", "right"])
    for question in scope.questions:
        for dimension in question.groups:
            for place, group in enumerate(dimension.groups):
                names = (question.title, dimension.name) if place == 0 else ("", "")
                counts = f"{group.faces:,}", f"{group.lost:,}", words.per_cent(group.accuracy, group.interval)
                table.add_row(*map(plain, (*names, group.name, *counts)))
            table.add_section()
    return table


def _unsure(model: ModelReport) -> Table:
    title = f"The flag unsure at its threshold {model.unsure_threshold:g}, on faces found, in per cent"
    table = table_of(
        title, ["data", "question"], ["flagged", "errors removed", "right of the rest", "flagged by class"]
    )
    for source, question in _questions(model.sources):
        unsure = question.unsure
        shares = (unsure.flagged, unsure.errors_removed, unsure.accuracy_kept)
        shown = (words.per_cent(one.value, one.interval) for one in shares)
        classes = ", ".join(f"{one.name} {words.per_cent(one.value)}" for one in unsure.by_class)
        table.add_row(*map(plain, (source.name, question.title, *shown, classes)))
    return table


def _differences(model: ModelReport) -> Table | Text:
    if not model.differences:
        return plain("Against the recorded scores: no figure differs by more than rounding.")
    outside = sum(one.outside for one in model.differences)
    title = f"Against the recorded scores: {len(model.differences)} figures differ, {outside} of them outside"
    texts = ["data", "question", "figure"]
    table = table_of(title, texts, ["recorded", "interval", "measured", "outside"])
    for one in model.differences[:_MOST_DIFFERENCES]:
        numbers = words.exact(one.recorded), words.exact_interval(one.interval), words.exact(one.measured)
        table.add_row(*map(plain, (one.source, one.question, one.figure, *numbers, "yes" if one.outside else "no")))
    return table


def _questions(sources: Iterable[SourceReport]) -> Iterator[tuple[SourceReport, QuestionReport]]:
    for source in sources:
        for question in source.questions:
            yield source, question


def table_of(title: str, texts: Iterable[str], numbers: Iterable[str]) -> Table:
    """An empty table with its columns: words to the left, numbers to the right."""
    table = Table(title=plain(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in texts:
        table.add_column(plain(name))
    for name in numbers:
        table.add_column(plain(name), justify="right")
    return table
