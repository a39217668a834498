"""HTML and SVG in which every text is escaped unless it was made here."""

from __future__ import annotations

from html import escape as html_escape

from faceannot.outputs.names import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: str | Markup, **attributes: str | float) -> Markup:
    """An element: children that are no Markup are escaped, `class_="x"` and `stroke_width=1` name attributes."""
    named = "".join(f' {key.rstrip("_").replace("_", "-")}="{plain(str(value))}"' for key, value in attributes.items())
    return Markup(f"<{name}{named}>{joined(*children)}</{name}>")


def joined(*children: str | Markup) -> Markup:
    """Children one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else plain(child) for child in children))


def plain(text: str) -> Markup:
    """Text as a reader sees it: names may hold markup, control characters and bytes that are no UTF-8."""
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in escape(text))
    return Markup(html_escape(shown))
