"""The report as one HTML page that needs nothing else: styles, plots and pictures are inside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib import resources

from faceannot.evaluation import words
from faceannot.evaluation.figures import QuestionReport
from faceannot.evaluation.html_plots import coverage_plot, group_rows, reliability_plot
from faceannot.evaluation.mistakes import Mistake, face_thumbnail
from faceannot.evaluation.report import ModelReport, Report, SourceReport
from faceannot.evaluation.unsure import Unsure

HEADLINE = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "ece")
_Cells = Iterable[str]


def page(whole: Report, *, thumbnails: bool = True) -> str:
    """The whole page; the worst mistakes with `thumbnails`, small pictures of the faces."""
    several = len(whole.models) > 1
    body = [
        "<h1>How good the labels are, and for whom</h1>",
        f"<p class='note'>{escape(whole.note)}</p>",
        f"<p>faceannot {escape(whole.faceannot)}, {whole.date}, {whole.split} part of the data. In parentheses: 95 % "
        "intervals. Accuracy, precision, recall and F1 in per cent.</p>",
        *([side_by_side(whole.models)] if several else []),
        *(model_section(model, thumbnails=thumbnails) for model in whole.models),
    ]
    return document("faceannot evaluate", body)


def document(title: str, body: Iterable[str]) -> str:
    """A page of these parts, with the styles in it."""
    style = resources.files("faceannot.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    viewport = "<meta name='viewport' content='width=device-width'>"
    head = f"<meta charset='utf-8'>{viewport}<title>{escape(title)}</title>"
    return (
        f"<!doctype html><html lang='en'><head>{head}<style>{style}</style></head><body>{''.join(body)}</body></html>\n"
    )


def side_by_side(models: Sequence[ModelReport]) -> str:
    """One column a model, one row a figure."""
    head = ["data", "question", "figure", *(escape(name) for name in column_names(models))]
    return f"<h2>Side by side</h2>{table(head, _compared(models), texts=3)}"


def column_names(models: Sequence[ModelReport]) -> list[str]:
    """A name for each model; those that share one get a piece of their hash."""
    names = [model.name for model in models]
    return [
        name if names.count(name) == 1 else f"{name} {words.short_hash(model.sha256)}"
        for name, model in zip(names, models, strict=True)
    ]


def compared_figures(models: Sequence[ModelReport]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Source, question, figure and its value by each of `models`."""
    tables = [{(s.name, q.key): q for s in model.sources for q in s.questions} for model in models]
    for (source, _), question in {key: q for table in tables for key, q in table.items()}.items():
        for key in HEADLINE:
            mine = [table.get((source, question.key)) for table in tables]
            shown = [words.figure(one.figure(key)) if one else words.NOTHING for one in mine]
            yield source, question.title, question.figure(key).title, shown


def _compared(models: Sequence[ModelReport]) -> Iterator[_Cells]:
    for source, question, figure, values in compared_figures(models):
        yield [escape(source), escape(question), escape(figure), *values]


def model_section(model: ModelReport, *, thumbnails: bool = True) -> str:
    """Everything about one model."""
    origin = f"recorded on {escape(model.recorded)}" if model.recorded else "measured now"
    return "".join(
        [
            f"<h2>{escape(model.name)}</h2>",
            f"<p><strong>{origin}</strong>, bundle <code>{model.sha256}</code></p>",
            _headline(model),
            _differences(model),
            *(_source(source, is_open=source is model.sources[-1]) for source in model.sources),
            _mistakes(model, thumbnails),
        ]
    )


def _headline(model: ModelReport) -> str:
    head = ["data", "question", "faces", "lost", "accuracy", "balanced accuracy", "macro F1", "ROC AUC", "ECE"]
    lines = (
        [
            escape(source.name),
            escape(question.title),
            f"{question.faces:,}",
            f"{question.lost:,}",
            *(words.figure(question.figure(key)) for key in HEADLINE),
        ]
        for source in model.sources
        for question in source.questions
    )
    return table(head, lines, texts=2)


def _differences(model: ModelReport) -> str:
    if model.differences is None:
        return ""
    if not model.differences:
        return "<h3>Against the recorded scores</h3><p>No figure differs by more than rounding.</p>"
    head = ["data", "question", "figure", "recorded", "measured", "outside the recorded interval"]
    lines = (
        [
            *(escape(text) for text in (one.source, one.question, one.figure)),
            f"{words.exact(one.recorded)} ({words.exact_interval(one.interval)})",
            words.exact(one.measured),
            "<strong>yes</strong>" if one.outside else "no",
        ]
        for one in model.differences
    )
    return f"<h3>Against the recorded scores</h3>{table(head, lines, texts=3)}"


def _source(source: SourceReport, *, is_open: bool) -> str:
    lost = f"{source.pictures:,} pictures; no face found in {source.no_face:,}, {source.unreadable:,} unreadable"
    name = "All data together" if source.pooled else source.name
    parts = [f"<p>{lost}.</p>", *(_question(question) for question in source.questions), _lost(source)]
    return f"<details{' open' * is_open}><summary>{escape(name)}</summary>{''.join(parts)}</details>"


def _lost(source: SourceReport) -> str:
    if not source.lost:
        return ""
    names = ", ".join(escape(name) for name in source.lost)
    return f"<details><summary>The {len(source.lost):,} pictures without a face</summary><p>{names}</p></details>"


def _question(question: QuestionReport) -> str:
    return "".join(
        [
            f"<section><h3>{escape(question.title.capitalize())}</h3>",
            f"<div class='side'>{_classes(question)}{_confusion(question)}</div>",
            _unsure(question.unsure),
            f"<div class='side'>{reliability_plot(question)}{coverage_plot(question)}</div>",
            f"<div class='side'>{''.join(map(group_rows, question.groups))}</div>",
            "</section>",
        ]
    )


def _classes(question: QuestionReport) -> str:
    head = ["class", "faces", "recall", "precision", "F1", "ROC AUC"]
    lines = (
        [escape(part.name), f"{part.faces:,}", *(words.figure(figure) for figure in part.figures)]
        for part in question.classes
    )
    return table(head, lines, texts=1)


def _unsure(unsure: Unsure) -> str:
    classes = ", ".join(f"{escape(one.name)} {words.per_cent(one.value)}" for one in unsure.by_class)
    return (
        f"<p>The flag <code>unsure</code> (threshold {unsure.threshold:g}) marks "
        f"{words.per_cent(unsure.flagged.value, unsure.flagged.interval)} % of the faces found and "
        f"{words.per_cent(unsure.errors_removed.value, unsure.errors_removed.interval)} % of the wrong answers; of the "
        f"rest {words.per_cent(unsure.accuracy_kept.value, unsure.accuracy_kept.interval)} % are right. "
        f"Flagged by true class, in per cent: {classes}.</p>"
    )


def _confusion(question: QuestionReport) -> str:
    """A row a true class; the shade is the share of that row."""
    names = [part.name for part in question.classes]
    head = "".join(f"<th>{escape(name)}</th>" for name in [*names, "lost"])
    lines = []
    for name, row in zip(names, question.confusion, strict=True):
        total = max(1, sum(row))
        cells = "".join(_shaded(cell, cell / total) for cell in row)
        lines.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    caption = "<caption>Faces: rows what people said, columns what faceannot said</caption>"
    return f"<table class='confusion'>{caption}<tr><th></th>{head}</tr>{''.join(lines)}</table>"


def _shaded(count: int, share: float) -> str:
    ink = "#fff" if share > 0.7 else "#20242a"
    style = f"background:rgba(0,114,178,{share:.2f});color:{ink}"
    return f"<td style='{style}' title='{100 * share:.1f} % of the row'>{count:,}</td>"


def _mistakes(model: ModelReport, thumbnails: bool) -> str:
    titles = {question.key: question.title for source in model.sources for question in source.questions}
    grids = (
        f"<h4>{escape(titles[key].capitalize())}</h4>"
        f"<div class='grid'>{''.join(_figure(one, thumbnails) for one in some)}</div>"
        for key in titles
        if (some := [one for one in model.mistakes if one.question == key])
    )
    grid = "".join(grids)
    return f"<h3>The worst mistakes: what faceannot said, surest first, and what people said</h3>{grid}" if grid else ""


def _figure(mistake: Mistake, thumbnails: bool) -> str:
    address = face_thumbnail(mistake.seen) if thumbnails else ""
    picture = f"<img alt='' src='{address}'>" if address else ""
    said = f"{escape(mistake.said)}, {100 * mistake.confidence:.1f}&nbsp;%"
    place = escape(f"{mistake.source}: {mistake.picture}")
    return (
        f"<figure title='{place}'>{picture}<figcaption>{said}<br>people: {escape(mistake.truth)}</figcaption></figure>"
    )


def table(head: Sequence[str], lines: Iterable[_Cells], *, texts: int) -> str:
    """A table whose first `texts` columns are words and the others numbers."""
    first = "".join(f"<th{' class=text' * (place < texts)}>{name}</th>" for place, name in enumerate(head))
    rest = "".join(
        "<tr>"
        + "".join(f"<td{' class=text' * (place < texts)}>{cell}</td>" for place, cell in enumerate(line))
        + "</tr>"
        for line in lines
    )
    return f"<table><tr>{first}</tr>{rest}</table>"
