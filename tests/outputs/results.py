"""Made-up results that the tests of the outputs share."""

from __future__ import annotations

from faceannot.outputs.header import RunHeader
from faceannot.records import EXPRESSIONS, Box, Expression, Face, Gender, PhotoResult, Scores, Status

HEADER = RunHeader(version="1.2.3", bundle_name="standard", bundle_sha256="ab" * 32, options={"unsure_threshold": 0.6})


def scores(gender: Gender = "female", expression: Expression = "happy", sure: float = 0.9) -> Scores:
    """Both heads give `sure` to the class named and share the rest among the others."""
    rest = (1.0 - sure) / 6
    return Scores(
        genders={"male": 1.0 - sure, "female": sure} if gender == "female" else {"male": sure, "female": 1.0 - sure},
        expressions={name: sure if name == expression else rest for name in EXPRESSIONS},
    )


def face(
    number: int = 1,
    box: Box | None = None,
    found: Scores | None = None,
    *,
    unsure: bool = False,
    detection: float = 0.9,
) -> Face:
    box = box or Box(10 * number, 20, 8, 9)
    x, y, w, h = box.left, box.top, box.width, box.height
    places = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    return Face(
        number=number,
        box=box,
        landmarks=tuple((x + a * w, y + b * h) for a, b in places),  # type: ignore[arg-type]
        detection=detection,
        scores=found or scores(),
        unsure=unsure,
    )


def photo_result(path: str = "a.jpg", *faces: Face, width: int = 640, height: int = 480) -> PhotoResult:
    status = Status.OK if faces else Status.NO_FACE
    return PhotoResult(path=path, status=status, faces=faces, photo_width=width, photo_height=height)


def failed(path: str = "bad.jpg", error: str = "the file is empty") -> PhotoResult:
    return PhotoResult(path=path, status=Status.ERROR, error=error)
