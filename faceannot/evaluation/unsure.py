"""What the `unsure` flag is worth: the errors that it removes, the faces that it costs, and other thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceannot.evaluation.intervals import Interval, wilson
from faceannot.evaluation.judged import Judged
from faceannot.evaluation.metrics import Kept
from faceannot.evaluation.questions import Answers, is_unsure

THRESHOLDS = tuple(step / 50 for step in range(50))


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole` as a share 0..1, NaN of nothing."""

    name: str
    part: int
    whole: int
    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Unsure:
    """The flag at its threshold, on faces that were found: a lost one has no row that could be flagged.

    `flagged`: of all faces. `errors_removed`: of the wrong answers, those that are flagged. `accuracy_kept`: of the
    faces that are not flagged. `by_class`: of each true class, those that are flagged. `curve`: at other thresholds.
    """

    threshold: float
    flagged: Share
    errors_removed: Share
    accuracy_kept: Share
    by_class: tuple[Share, ...]
    curve: tuple[Kept, ...]


def unsure_report(judged: Judged, answers: Answers, threshold: float) -> Unsure:
    """The worth of the flag for the question of `answers`, which are about rows of `judged`."""
    found, unsure, right = ~answers.lost, answers.unsure, answers.right
    wrong = found & ~right
    return Unsure(
        threshold=threshold,
        flagged=_share("flagged", unsure, found),
        errors_removed=_share("errors removed", unsure, wrong),
        accuracy_kept=_share("accuracy of the rest", right, found & ~unsure),
        by_class=tuple(
            _share(name, unsure, found & (answers.truth == place)) for place, name in enumerate(answers.classes)
        ),
        curve=tuple(_curve(judged, answers)),
    )


def _share(name: str, chosen: NDArray[np.bool_], among: NDArray[np.bool_]) -> Share:
    part, whole = int((chosen & among).sum()), int(among.sum())
    return Share(name, part, whole, part / whole if whole else float("nan"), wilson(part, whole))


def _curve(judged: Judged, answers: Answers) -> Iterator[Kept]:
    """Each threshold below 1 at which something is left."""
    for threshold in THRESHOLDS:
        kept = ~is_unsure(judged, threshold)[answers.rows] & ~answers.lost
        if kept.any():
            yield Kept(threshold, float(kept.mean()), float(answers.right[kept].mean()))
