"""Results as JSON values and back, exactly: what comes out of a journal is what went in, to the last bit."""

from __future__ import annotations

from typing import Any, cast

from faceannot.records import EXPRESSIONS, GENDERS, Box, Face, Landmarks, PhotoResult, Scores, Status


def pack(result: PhotoResult) -> dict[str, Any]:
    """The result without its path as JSON values; numbers are Python's, which JSON keeps exactly."""
    return {
        "status": result.status.value,
        "photo_width": result.photo_width,
        "photo_height": result.photo_height,
        "error": result.error,
        "faces": [_pack_face(face) for face in result.faces],
    }


def unpack(path: str, fields: dict[str, Any]) -> PhotoResult:
    """The result that `pack` was given."""
    return PhotoResult(
        path=path,
        status=Status(fields["status"]),
        faces=tuple(_unpack_face(face) for face in fields["faces"]),
        photo_width=fields["photo_width"],
        photo_height=fields["photo_height"],
        error=fields["error"],
    )


def _pack_face(face: Face) -> dict[str, Any]:
    box, scores = face.box, face.scores
    return {
        "number": face.number,
        "box": [box.left, box.top, box.width, box.height],
        "landmarks": face.landmarks,
        "detection": face.detection,
        "genders": [scores.genders[name] for name in GENDERS],
        "expressions": [scores.expressions[name] for name in EXPRESSIONS],
        "unsure": face.unsure,
    }


def _unpack_face(fields: dict[str, Any]) -> Face:
    return Face(
        number=fields["number"],
        box=Box(*fields["box"]),
        landmarks=cast(Landmarks, tuple((x, y) for x, y in fields["landmarks"])),
        detection=fields["detection"],
        scores=Scores(
            genders=dict(zip(GENDERS, fields["genders"], strict=True)),
            expressions=dict(zip(EXPRESSIONS, fields["expressions"], strict=True)),
        ),
        unsure=fields["unsure"],
    )
