"""A comparison as tables of words, the same for the terminal, the page and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faceannot.evaluation import words
from faceannot.evaluation.comparison import SURE, Cell, Column, Comparison, Entrant, NamedGap, Sheet
from faceannot.evaluation.groups import BY_GENDER_AND_EMOTION, FEWEST_FACES, GUESSED

HEADING = "Models side by side, on the same faces"


@dataclass(frozen=True, slots=True)
class WordTable:
    """A title, the names of the columns, of which the first `texts` are words, and a row a model."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int


def notes(whole: Comparison) -> Iterator[str]:
    """What a reader has to know, a paragraph each."""
    yield whole.note
    yield (
        f"In per cent, with 95 % intervals in parentheses; in the heads, how many faces. `{words.NOTHING}`: the model "
        "has no answer, as one of gender alone has none to happy or sad. Balanced accuracy: the mean over the classes, "
        "as if all were equally frequent. Lost: no face was found, which counts as an error. Largest gap: in points, "
        f"between any two groups of at least {FEWEST_FACES} faces."
    )
    if whole.genders_by:
        yield (
            f"The data do not say the gender of some faces. Columns marked `{GUESSED.removeprefix(', ')}` divide those "
            f"by what {whole.genders_by} takes them for, where it is at least {100 * SURE:.0f} % sure: a guess, wrong "
            "now and then, and nothing that an answer is compared with. Faces that it did not find are not in them."
        )


def word_tables(whole: Comparison) -> Iterator[WordTable]:
    """The models, each question on each source, and what the gaps are between."""
    yield _models(whole.entrants)
    for sheet in whole.sheets:
        yield from _of_sheet(sheet)
    for source in dict.fromkeys(sheet.source for sheet in whole.sheets):
        gaps = _gaps(source, [sheet for sheet in whole.sheets if sheet.source == source])
        if gaps.rows:
            yield gaps


def _models(entrants: Sequence[Entrant]) -> WordTable:
    rows = (
        (
            one.name,
            one.approach or words.NOTHING,
            f"{one.classifier_bytes / 1e6:.1f} MB",
            words.NOTHING if one.training_s is None else _duration(one.training_s),
            _lost(one),
        )
        for one in entrants
    )
    return WordTable("The models", ("model", "approach", "classifier", "trained in", "faces lost"), tuple(rows), 2)


def _lost(entrant: Entrant) -> str:
    sources = [source for source in entrant.report.sources if not source.pooled]
    lost = sum(source.no_face + source.unreadable for source in sources)
    return f"{lost:,} of {sum(source.pictures for source in sources):,}"


def _duration(seconds: float) -> str:
    """`42 s`, `3 min`, `1 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _of_sheet(sheet: Sheet) -> Iterator[WordTable]:
    """How right, women and men apart; for happy and sad also each of the two by gender."""
    title = f"{sheet.source}: {sheet.title}, {sheet.faces:,} faces"
    in_both = [column.by.startswith(BY_GENDER_AND_EMOTION) for column in sheet.columns]
    lost = [words.NOTHING if line.lost is None else f"{line.lost:,}" for line in sheet.lines]
    plain = _table(title, sheet, [place for place, both in enumerate(in_both) if not both])
    rows = ((*row, count) for row, count in zip(plain.rows, lost, strict=True))
    yield WordTable(title, (*plain.head, "lost"), tuple(rows), 1)
    if any(in_both):
        yield _table(f"{title}: each by gender", sheet, [place for place, both in enumerate(in_both) if both])


def _table(title: str, sheet: Sheet, places: Sequence[int]) -> WordTable:
    head = ("model", *(head_of(sheet.columns[place]) for place in places))
    rows = ((line.model, *(_shown(line.cells[place]) for place in places)) for line in sheet.lines)
    return WordTable(title, head, tuple(rows), 1)


def _gaps(source: str, sheets: Sequence[Sheet]) -> WordTable:
    head = ("question", "model", "by", "worst", "best", "gap")
    rows = ((sheet.title, line.model, *_gap(line.gap)) for sheet in sheets for line in sheet.lines if line.gap)
    return WordTable(f"{source}: the largest gap of each model", head, tuple(rows), 5)


def head_of(column: Column) -> str:
    """The name of a column, with its faces where those are not all."""
    if not column.by:
        return column.name
    return f"{column.name}{GUESSED if column.by.endswith(GUESSED) else ''} ({column.faces:,})"


def _shown(cell: Cell | None) -> str:
    return words.NOTHING if cell is None else words.per_cent(cell.value, cell.interval)


def _gap(named: NamedGap) -> tuple[str, ...]:
    gap = named.gap
    return named.by, gap.worst, gap.best, words.per_cent(gap.difference, gap.interval)
