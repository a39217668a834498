"""Boxes, labels and scores on a picture, sized to it and to each face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from faceannot.outputs.layout import (
    Plate,
    Rect,
    font,
    font_range,
    line_height,
    padding,
    place_legend,
    place_plates,
    plate_size,
)
from faceannot.records import LABELS, Face, Label, PhotoResult

RgbArray = NDArray[np.uint8]
Colour = tuple[int, int, int]

# Blues for men, warm colours for women, light for happy, dark for sad: of all four of Okabe and Ito's (2008) eight
# colours without black, those that lie farthest apart (24.8 in CIELAB) in protan, deutan and tritan vision together.
COLOURS: dict[Label, Colour] = {
    "HappyMale": (86, 180, 233),
    "HappyFemale": (240, 228, 66),
    "SadMale": (0, 114, 178),
    "SadFemale": (213, 94, 0),
}
_DARK: Colour = (0, 0, 0)
_LINE_OF_SIDE, _LINE_OF_FACE = 1 / 400, 1 / 16


def draw(rgb: RgbArray, result: PhotoResult) -> RgbArray:
    """A copy of the picture with the faces of `result` on it.

    `rgb`: (height, width, 3) uint8, the upright photo, at full size or shrunk.
    Each face has a box in its label's colour, dashed where it is unsure, and a plate with label and score. Faces that
    are too small or too crowded for a plate have the box alone; a legend in a free corner then names the colours.
    """
    image = Image.fromarray(rgb)
    draw_on(image, result)
    return np.array(image)


def draw_on(image: Image.Image, result: PhotoResult) -> None:
    """Draw on an RGB image itself, as `draw` does on a copy."""
    if not result.faces:
        return
    boxes = [_rect(face, image.width / (result.photo_width or image.width), image.size) for face in result.faces]
    plates = place_plates(boxes, [_text(face) for face in result.faces], *image.size)
    canvas = ImageDraw.Draw(image)
    # Small faces last, so that a large box never hides them.
    for face, box in sorted(zip(result.faces, boxes, strict=True), key=lambda pair: -pair[1].width):
        _draw_box(canvas, box, COLOURS[face.scores.label], image.size, dashed=face.unsure)
    for face, plate in zip(result.faces, plates, strict=True):
        if plate:
            _draw_plate(canvas, plate, COLOURS[face.scores.label])
    unnamed = {face.scores.label for face, plate in zip(result.faces, plates, strict=True) if not plate}
    _draw_legend(canvas, unnamed, [*boxes, *(plate.rect for plate in plates if plate)], image.size)


def _rect(face: Face, scale: float, size: tuple[int, int]) -> Rect:
    """The face's box in pixels of the picture, at least one of them."""
    box = face.box
    left = min(round(box.left * scale), size[0] - 1)
    top = min(round(box.top * scale), size[1] - 1)
    right = max(left + 1, round((box.left + box.width) * scale))
    bottom = max(top + 1, round((box.top + box.height) * scale))
    return Rect(left, top, min(right, size[0]), min(bottom, size[1]))


def _text(face: Face) -> str:
    return f"{face.scores.label}{'?' if face.unsure else ''} {face.scores.label_score:.2f}"


def _draw_box(canvas: ImageDraw.ImageDraw, box: Rect, colour: Colour, size: tuple[int, int], *, dashed: bool) -> None:
    """The box with a dark edge on both sides, so that it shows on every background."""
    smaller = min(box.width, box.height)
    line = max(1 if smaller < 16 else 2, min(round(max(size) * _LINE_OF_SIDE), round(smaller * _LINE_OF_FACE)))
    # On a thinner line the edge would be all that is seen.
    edge = round(line / 3)
    out = line // 2
    outer = Rect(
        max(box.left - out, 0), max(box.top - out, 0), min(box.right + out, size[0]), min(box.bottom + out, size[1])
    )
    strokes = list(_strokes(outer, line, dashed=dashed))
    for stroke in strokes if edge else ():
        _fill(canvas, Rect(stroke.left - edge, stroke.top - edge, stroke.right + edge, stroke.bottom + edge), _DARK)
    for stroke in strokes:
        _fill(canvas, stroke, colour)


def _strokes(outer: Rect, line: int, *, dashed: bool) -> Iterator[Rect]:
    """The four sides of a box as rectangles `line` pixels thick; cut into dashes that begin at the corners."""
    for start, end in _pieces(outer.left, outer.right, line, dashed=dashed):
        yield Rect(start, outer.top, end, outer.top + line)
        yield Rect(start, outer.bottom - line, end, outer.bottom)
    for start, end in _pieces(outer.top, outer.bottom, line, dashed=dashed):
        yield Rect(outer.left, start, outer.left + line, end)
        yield Rect(outer.right - line, start, outer.right, end)


def _pieces(start: int, end: int, line: int, *, dashed: bool) -> list[tuple[int, int]]:
    length = end - start
    # An odd number of equal parts: a dash at both ends, gaps between.
    parts = max(3, length // (5 * line) // 2 * 2 + 1) if dashed else 1
    cuts = [start + round(length * i / parts) for i in range(parts + 1)]
    return list(zip(cuts[::2], cuts[1::2], strict=False))


def _fill(canvas: ImageDraw.ImageDraw, rect: Rect, colour: Colour) -> None:
    # Pillow counts the last pixel in.
    if rect.width > 0 and rect.height > 0:
        canvas.rectangle((rect.left, rect.top, rect.right - 1, rect.bottom - 1), fill=colour)


def _draw_plate(canvas: ImageDraw.ImageDraw, plate: Plate, colour: Colour) -> None:
    _fill(canvas, plate.rect, colour)
    x, y = plate.rect.left + padding(plate.font_px), plate.rect.top + padding(plate.font_px)
    for number, text in enumerate(plate.text.split("\n")):
        _write(canvas, x, y + number * line_height(plate.font_px), text, plate.font_px, _ink(colour))


def _write(canvas: ImageDraw.ImageDraw, x: int, y: int, text: str, font_px: int, ink: Colour) -> None:
    # Anchored at the middle of capitals: labels have few descenders, and the text then sits in the plate's middle.
    canvas.text((x, y + line_height(font_px) / 2), text, fill=ink, font=font(font_px), anchor="lm")


def _ink(background: Colour) -> Colour:
    """Black or white, whichever has the better contrast (WCAG 2.2)."""
    linear = [(value / 255) ** 2.2 for value in background]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return _DARK if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else (255, 255, 255)


def _draw_legend(canvas: ImageDraw.ImageDraw, labels: set[Label], taken: Sequence[Rect], size: tuple[int, int]) -> None:
    """Name the colours of the faces without a plate, where a corner is free."""
    named = [label for label in LABELS if label in labels]
    if not named:
        return
    font_px = font_range(*size)[0]
    sizes = [plate_size(label, font_px) for label in named]
    height = sizes[0][1]
    place = place_legend(taken, (max(width for width, _ in sizes), height * len(named)), *size)
    if place is None:
        return
    for number, label in enumerate(named):
        top = place.top + number * height
        _draw_plate(canvas, Plate(Rect(place.left, top, place.right, top + height), label, font_px), COLOURS[label])
