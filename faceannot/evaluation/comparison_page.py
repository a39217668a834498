"""A comparison as one HTML page that needs nothing else, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from faceannot.evaluation import words
from faceannot.evaluation.comparison import Comparison, Sheet
from faceannot.evaluation.comparison_tables import HEADING, WordTable, head_of, notes, word_tables
from faceannot.evaluation.groups import FEWEST_FACES
from faceannot.evaluation.html import document, model_section, table
from faceannot.evaluation.html_plots import captioned, floor
from faceannot.evaluation.svg import Axis, Row, rows

_LONGEST_NAME, _NAMES_PX = 24, 185


def comparison_page(whole: Comparison) -> str:
    """The whole page: tables, a plot for women and one for men, and everything about each model."""
    body = [
        f"<h1>{HEADING}</h1>",
        *(f"<p class='note'>{_marked(note)}</p>" for note in notes(whole)),
        f"<p>faceannot {escape(whole.faceannot)}, {whole.date}, {whole.split} part of the data, made by</p>",
        f"<p><code>{escape(whole.command)}</code></p>",
        *(_table(one) for one in word_tables(whole)),
        "<h2>Women and men</h2>",
        *(_plots(sheet) for sheet in whole.sheets),
        "<h2>Each model</h2>",
        *(
            f"<details><summary>{escape(one.name)}</summary>{model_section(one.report)}</details>"
            for one in whole.entrants
        ),
    ]
    return document("faceannot compare", body)


def comparison_markdown(whole: Comparison) -> str:
    """The tables with the command that makes them."""
    return "\n\n".join(_paragraphs(whole)) + "\n"


def _paragraphs(whole: Comparison) -> Iterator[str]:
    yield f"# {HEADING}"
    yield f"faceannot {whole.faceannot}, {whole.date}, {whole.split} part of the data. Made by"
    yield f"```sh\n{whole.command}\n```"
    yield from notes(whole)
    for one in word_tables(whole):
        yield f"## {one.title}"
        sides = ["---"] * one.texts + ["---:"] * (len(one.head) - one.texts)
        yield "\n".join(map(_row, (one.head, sides, *one.rows)))


def _row(cells: Sequence[str]) -> str:
    shown = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(shown)} |"


def _table(one: WordTable) -> str:
    lines = (map(escape, row) for row in one.rows)
    return f"<h3>{escape(one.title)}</h3>{table([escape(name) for name in one.head], lines, texts=one.texts)}"


def _plots(sheet: Sheet) -> str:
    """A plot for each group of faces: a row for each model that has an answer."""
    drawn = "".join(_plot(sheet, place) for place, column in enumerate(sheet.columns) if column.by)
    return f"<h3>{escape(f'{sheet.source}: {sheet.title}')}</h3><div class='side'>{drawn}</div>" if drawn else ""


def _plot(sheet: Sheet, place: int) -> str:
    faint = sheet.columns[place].faces < FEWEST_FACES
    entries = [
        Row(
            _short(line.model),
            cell.value,
            cell.interval.low,
            cell.interval.high,
            words.per_cent(cell.value, cell.interval),
            faint=faint,
        )
        for line in sheet.lines
        if (cell := line.cells[place])
    ]
    # One axis for all groups of a question, so that they can be compared.
    low = floor(min(cell.interval.low for line in sheet.lines for cell in line.cells if cell))
    caption = head_of(sheet.columns[place])
    axis = Axis("right answers, with 95 % intervals", low)
    return captioned(caption, rows(caption, entries, axis, names_px=_NAMES_PX))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}\N{HORIZONTAL ELLIPSIS}"


def _marked(note: str) -> str:
    """`words` between backticks as code."""
    parts = escape(note).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
