"""The worst mistakes: wrong answers that the classifier was surest of, and a small picture of each for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from faceannot.errors import PhotoError
from faceannot.evaluation.judged import Judged, Seen
from faceannot.evaluation.questions import Answers
from faceannot.images import Picture, read
from faceannot.outputs.names import escape
from faceannot.outputs.thumbnails import thumbnail

# Key of a field's metadata: whether it is part of the JSON.
JSON = "json"
MOST = 24
_READ_SIDE_PX = 1024
# What is around the box on each side, as a share of it: people judge a face with its hair.
_MARGIN = 0.25


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong answer. `seen`: the picture of it, which is no part of the JSON."""

    question: str
    source: str
    picture: str
    truth: str
    said: str
    confidence: float
    seen: Seen = field(metadata={JSON: False})


def worst_mistakes(judged: Judged, questions: Sequence[Answers], most: int = MOST) -> tuple[Mistake, ...]:
    """The `most` surest wrong answers to each question; none where the pictures are not at hand."""
    if not judged.seen:
        return ()
    return tuple(mistake for answers in questions for mistake in _of_question(judged, answers, most))


def _of_question(judged: Judged, answers: Answers, most: int) -> list[Mistake]:
    confidence, said = answers.confidence, answers.said
    wrong = np.flatnonzero(~answers.right & ~answers.lost)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    return [
        Mistake(
            question=answers.key,
            source=str(judged.source[answers.rows[place]]),
            picture=escape(judged.seen[answers.rows[place]].photo.name),
            truth=answers.classes[answers.truth[place]],
            said=answers.classes[said[place]],
            confidence=float(confidence[place]),
            seen=judged.seen[answers.rows[place]],
        )
        for place in surest
    ]


def face_thumbnail(seen: Seen) -> str:
    """The face of `seen`, small, as a data URI; the empty string where its picture cannot be read."""
    try:
        picture = read(seen.photo.source, max_side=_READ_SIDE_PX)
    except PhotoError:
        return ""
    return thumbnail(_cut(picture, seen))


def _cut(picture: Picture, seen: Seen) -> Image.Image:
    image = Image.fromarray(picture.rgb)
    if seen.box is None:
        return image
    box, scale = seen.box, picture.scale
    around_x, around_y = _MARGIN * box.width, _MARGIN * box.height
    edges = (
        max(0.0, (box.left - around_x) / scale),
        max(0.0, (box.top - around_y) / scale),
        min(image.width, (box.left + box.width + around_x) / scale),
        min(image.height, (box.top + box.height + around_y) / scale),
    )
    left, top, right, bottom = (round(edge) for edge in edges)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
