"""A report as one HTML file that needs nothing else: tables, plots and the pictures that are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from faceannot._version import __version__
from faceannot.balance.association import Association
from faceannot.balance.counts import Count
from faceannot.balance.entries import Entry
from faceannot.balance.evidence import evidence
from faceannot.balance.findings import KIND_NAMES, findings
from faceannot.balance.groups import Group, Grouping
from faceannot.balance.markup import Markup, joined, tag
from faceannot.balance.plots import bars
from faceannot.balance.report import Report
from faceannot.balance.sampling import Plan
from faceannot.balance.thumbnails import figure

Cell = str | Markup

LINES_SHOWN = 50
SHARES_SHOWN = 12
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 0 auto; max-width: 1080px;
  padding: 24px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 40px 0 8px; border-bottom: 2px solid #ccc; }
h3 { font-size: 16px; margin: 24px 0 6px; } h4 { font-size: 14px; margin: 18px 0 6px; } p { margin: 6px 0; }
table { border-collapse: collapse; margin: 8px 0; } caption { text-align: left; color: #555; }
th, td { padding: 3px 12px; text-align: right; border-bottom: 1px solid #e2e2e2; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 2px solid #999; }
.empty { background: #d55e00; color: #fff; font-weight: bold; }
.wide { overflow-x: auto; }
.quiet, caption { color: #555; }
ul.findings { padding: 0; list-style: none; }
ul.findings li { margin: 4px 0; padding: 5px 12px; border-left: 6px solid #999; background: #f6f6f6; }
ul.findings li.empty, ul.findings li.broken { border-color: #000; background: #d55e00; color: #fff; }
ul.findings li.leak, ul.findings li.contradiction { border-color: #d55e00; }
ul.findings li.source, ul.findings li.imbalance { border-color: #e69f00; }
svg { max-width: 100%; height: auto; display: block; margin: 6px 0; font: 13px system-ui, sans-serif; }
.groups { display: flex; flex-wrap: wrap; gap: 8px; }
.group { display: flex; flex-wrap: wrap; gap: 6px; padding: 6px; background: #f0f0f0; border-radius: 4px; }
figure { margin: 0; width: 150px; } figure img { display: block; height: 96px; }
figcaption span { display: block; font-size: 12px; overflow-wrap: anywhere; }
.labels { font-weight: bold; } .from, .name { color: #555; }
.missing { display: block; height: 96px; color: #b03000; }
"""


def page(report: Report, broken: Sequence[str], *, thumbnails: bool = True) -> str:
    """The report as HTML; `broken`: the limits that the data break. Every name is escaped."""
    head = tag("head", Markup('<meta charset="utf-8">'), tag("title", "Balance report"), tag("style", Markup(_STYLE)))
    sections = (
        _heading(report),
        _findings(report, broken),
        *_count_tables(report),
        *_plans(report.plans),
        *_associations(report.associations),
        *_groupings(report, thumbnails),
        *_lines("Could not be read", _unread(report)),
        *_lines("Left out while reading", report.skipped),
    )
    return f'<!DOCTYPE html>\n<html lang="en">{head}{tag("body", *sections)}</html>\n'


def _heading(report: Report) -> Markup:
    sources = ", ".join(dict.fromkeys(entry.source for entry in report.entries)) or "nothing"
    what = tag("p", f"{len(report.entries):,} labelled faces of {sources}; faceannot {__version__}", class_="quiet")
    caution = "Labels are what a picture looks like. This page may hold pictures of people: pass it on as such."
    return joined(tag("h1", "Balance report"), what, tag("p", caution, class_="quiet"))


def _findings(report: Report, broken: Sequence[str]) -> Markup:
    limits = [tag("li", f"Limit broken: {text}", class_="broken") for text in broken]
    found = [tag("li", finding.text, class_=finding.what) for finding in findings(report)]
    return joined(tag("h2", "What is wrong"), tag("ul", *limits, *found, class_="findings"))


def _count_tables(report: Report) -> Iterator[Markup]:
    yield tag("h2", "Counts")
    for title, by, counts in report.counts():
        yield joined(tag("h3", title[:1].upper() + title[1:]), bars(counts), _counts(by, counts))


def _counts(by: str, counts: Sequence[Count]) -> Markup:
    head = [by, *counts[0].classes, "unknown", "ratio"]
    return _table(head, (_count_row(counted) for counted in counts))


def _count_row(counted: Count) -> Markup:
    cells = [
        tag("td", "0 - none", class_="empty") if name in counted.empty else tag("td", f"{size:,}")
        for name, size in counted.classes.items()
    ]
    ratio = f"{counted.ratio:.2f}" if counted.ratio is not None else "no ratio"
    return tag("tr", tag("td", counted.group), *cells, tag("td", f"{counted.unknown:,}"), tag("td", ratio))


def _plans(plans: Sequence[Plan]) -> Iterator[Markup]:
    if plans:
        yield tag("h2", "What would balance the classes")
        yield tag("p", "A weight for each class in the loss, or how many faces of it to draw.", class_="quiet")
    for plan in plans:
        rows = (
            [part.name, f"{part.count:,}", f"{part.weight:.3f}", f"{part.undersampled:,}", f"{part.oversampled:,}"]
            for part in plan.classes
        )
        yield tag("h3", f"{plan.axis.title()}, {plan.split}")
        yield _table(["class", "faces", "class weight", "undersampled", "oversampled"], map(_row, rows))


def _associations(associations: Sequence[Association]) -> Iterator[Markup]:
    if associations:
        yield tag("h2", "Sources that go with a class")
        yield tag(
            "p", "Cramer's V is 0 where the source says nothing of the class, 1 where it says all.", class_="quiet"
        )
    for association in associations:
        rows = (
            [share.class_name, share.origin, f"{share.pictures:,}", f"{share.share:.0%}", f"{share.elsewhere:.0%}"]
            for share in association.shares[:SHARES_SHOWN]
        )
        yield tag("h3", f"{association.axis.title()}, {association.split}: Cramer's V {association.cramers_v:.2f}")
        yield _table(["class", "source", "faces", "share of the class", "share of the rest"], map(_row, rows))


def _groupings(report: Report, thumbnails: bool) -> Iterator[Markup]:
    if report.groupings:
        yield tag("h2", "Copies and people")
        yield tag("p", "Near copies are pictures that look alike; identical ones are among them.", class_="quiet")
        yield _table(
            ["", "groups", "pictures", "extra within a split", "across splits", "disagree on"],
            (_row(_summary(grouping)) for grouping in report.groupings),
        )
    for grouping, heading, groups in evidence(report.groupings, report.entries) if thumbnails else ():
        yield tag("h4", f"{KIND_NAMES[grouping.kind].capitalize()}: {heading}")
        yield tag("div", *(_pictures(group, report.entries) for group in groups), class_="groups")


def _pictures(group: Group, entries: Sequence[Entry]) -> Markup:
    return tag("div", *(figure(entries[position]) for position in group), class_="group")


def _summary(grouping: Grouping) -> list[Cell]:
    extra = [f"{split} {size:,}" for split, size in grouping.extra.items() if grouping.kind != "people"]
    leaks = [f"{leak.pictures:,} of {leak.second} in {leak.first}" for leak in grouping.leaks]
    said = [f"{label} {len(groups):,}" for label, groups in grouping.contradictions.items() if groups]
    sizes = (f"{len(grouping.groups):,}", f"{grouping.pictures:,}")
    return [KIND_NAMES[grouping.kind], *sizes, *(_stacked(lines) for lines in (extra, leaks, said))]


def _stacked(lines: Sequence[str]) -> Markup:
    return joined(*(tag("div", line) for line in lines or ["none"]))


def _unread(report: Report) -> list[str]:
    unread = report.copies.unread if report.copies else {}
    return [f"{report.entries[position].name}: {reason}" for position, reason in unread.items()]


def _lines(title: str, lines: Sequence[str]) -> Iterator[Markup]:
    if lines:
        rest = len(lines) - LINES_SHOWN
        more = [tag("li", f"and {rest:,} more")] if rest > 0 else []
        yield joined(tag("h2", title), tag("ul", *(tag("li", line) for line in lines[:LINES_SHOWN]), *more))


def _table(head: Sequence[str], rows: Iterable[Markup]) -> Markup:
    top = tag("thead", tag("tr", *(tag("th", name) for name in head)))
    return tag("div", tag("table", top, tag("tbody", *rows)), class_="wide")


def _row(cells: Sequence[Cell]) -> Markup:
    return tag("tr", *(tag("td", cell) for cell in cells))
