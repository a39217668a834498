"""The plots of one question: are the scores true, what a threshold costs, and for whom it works."""

from __future__ import annotations

from html import escape

from faceannot.evaluation import words
from faceannot.evaluation.figures import QuestionReport
from faceannot.evaluation.groups import FEWEST_FACES, Dimension
from faceannot.evaluation.metrics import Kept
from faceannot.evaluation.svg import Axis, Row, Series, plot, rows


def reliability_plot(question: QuestionReport) -> str:
    """Accuracy against confidence, in bins of equally many faces."""
    points = tuple((one.confidence, one.accuracy) for one in question.reliability)
    low = floor(min((value for point in points for value in point), default=0.0))
    series = (
        Series("faces found, in bins of equally many", points, "points"),
        Series("scores that mean what they say", ((low, low), (1.0, 1.0)), "guide"),
    )
    drawn = plot("Reliability", Axis("score of the answer", low), Axis("answers that are right", low), series)
    return captioned(f"Reliability: ECE {words.figure(question.figure('ece'))}", drawn)


def coverage_plot(question: QuestionReport) -> str:
    """Accuracy of what is kept against how much is kept, by the answer's own score and by the `unsure` flag."""
    unsure = question.unsure
    chosen = 1 - question.lost / question.faces if question.faces else 0.0
    kept = chosen * (1 - unsure.flagged.value)
    # Of few faces the accuracy jumps about.
    curve = tuple(one for one in question.curve if one.coverage * question.faces >= FEWEST_FACES)
    here = ((kept, unsure.accuracy_kept.value),) if unsure.accuracy_kept.whole else ()
    low = floor(min((one.accuracy for one in (*curve, *unsure.curve)), default=0.0))
    series = (
        Series("by the answer's own score", _points(curve)),
        Series("by the unsure flag, threshold 0 to 1", _points(unsure.curve)),
        Series(f"the flag's threshold {unsure.threshold:g}", here, "points"),
    )
    drawn = plot("Coverage", Axis("faces kept"), Axis("kept answers that are right", low), series)
    return captioned("Accuracy against coverage", drawn)


def group_rows(dimension: Dimension) -> str:
    """The groups from worst to best, and the largest gap in words."""
    entries = [
        Row(
            group.name,
            group.accuracy,
            group.interval.low,
            group.interval.high,
            f"{words.per_cent(group.accuracy, group.interval)} of {group.faces:,}",
            faint=group.faces < FEWEST_FACES,
        )
        for group in dimension.groups
    ]
    low = floor(min(entry.low for entry in entries))
    drawn = rows(f"By {dimension.name}", entries, Axis("right answers, with 95 % intervals", low))
    return captioned(f"By {dimension.name}, worst first. {_gap(dimension)}", drawn)


def _gap(dimension: Dimension) -> str:
    gap = dimension.gap
    if gap is None:
        return f"Too few faces for a gap: a group needs {FEWEST_FACES}."
    points = words.per_cent(gap.difference, gap.interval)
    return f"Largest gap: {gap.worst} against {gap.best}, {points} points."


def _points(curve: tuple[Kept, ...]) -> tuple[tuple[float, float], ...]:
    return tuple((one.coverage, one.accuracy) for one in curve)


def floor(value: float) -> float:
    """The lower end of an axis that shows `value`: a round share, at most 0.9."""
    return min(0.9, int(max(0.0, value) * 10) / 10)


def captioned(caption: str, drawn: str) -> str:
    """A plot under its caption."""
    return f"<figure class='plot'><figcaption>{escape(caption)}</figcaption>{drawn}</figure>"
