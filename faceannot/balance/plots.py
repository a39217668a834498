"""Bars as inline SVG: the shares of the classes in each group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from faceannot.balance.counts import Count
from faceannot.balance.markup import Markup, joined, plain, tag
from faceannot.outputs import palette
from faceannot.outputs.drawing import COLOURS

# The four labels have the colours of annotated photos.
PALETTE: Mapping[str, str] = {
    "male": palette.BLUE,
    "female": palette.ORANGE,
    "neutral": palette.SKY,
    "happy": palette.YELLOW,
    "sad": palette.BLUE,
    "surprise": palette.ORANGE,
    "fear": palette.PURPLE,
    "disgust": palette.GREEN,
    "anger": palette.RED,
    **{label: "#{:02x}{:02x}{:02x}".format(*colour) for label, colour in COLOURS.items()},
}
_DARK = {palette.BLUE, palette.RED, palette.GREEN}
_NAMES_PX, _BARS_PX, _COUNTS_PX, _ROW_PX = 190, 560, 110, 30
_LETTER_PX = 8


def bars(counts: Sequence[Count]) -> Markup:
    """A bar for each group, parted by class, with a legend; the numbers of faces stand beside it."""
    shown = [counted for counted in counts if counted.known]
    height = _ROW_PX * (len(shown) + 1)
    width = _NAMES_PX + _BARS_PX + _COUNTS_PX
    rows = [_bar(counted, _ROW_PX * (row + 1)) for row, counted in enumerate(shown)]
    title = tag("title", f"Shares of {', '.join(counts[0].classes)}")
    return tag(
        "svg", title, _legend(counts[0].classes), *rows, viewBox=f"0 0 {width} {height}", width=width, role="img"
    )


def _legend(names: Iterable[str]) -> Markup:
    parts, left = [], float(_NAMES_PX)
    for name in names:
        parts.append(tag("rect", x=left, y=8, width=12, height=12, fill=PALETTE[name], stroke="#444"))
        parts.append(tag("text", name, x=left + 17, y=19))
        left += 17 + _LETTER_PX * len(name) + 12
    return joined(*parts)


def _bar(counted: Count, top: int) -> Markup:
    name = tag("text", _short(counted.group), x=_NAMES_PX - 10, y=top + 20, text_anchor="end")
    number = tag("text", f"{counted.known:,}", x=_NAMES_PX + _BARS_PX + 10, y=top + 20)
    parts, left = [name, number], float(_NAMES_PX)
    for class_name, size in counted.classes.items():
        length = _BARS_PX * size / counted.known
        parts.append(_part(left, top, length, PALETTE[class_name], f"{class_name}: {size:,}"))
        if length > 44:
            ink = "#fff" if PALETTE[class_name] in _DARK else "#000"
            percent = f"{size / counted.known:.0%}"
            parts.append(tag("text", percent, x=left + length / 2, y=top + 20, text_anchor="middle", fill=ink))
        left += length
    return tag("g", *parts)


def _part(left: float, top: int, length: float, colour: str, title: str) -> Markup:
    shape = {"x": round(left, 1), "y": top + 4, "width": round(length, 1), "height": _ROW_PX - 8}
    return tag("rect", tag("title", plain(title)), **shape, fill=colour, stroke="#444", stroke_width=0.5)


def _short(name: str) -> str:
    most = (_NAMES_PX - 10) // _LETTER_PX
    return name if len(name) <= most else name[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
