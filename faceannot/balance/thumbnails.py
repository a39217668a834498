"""The pictures of a report as small images inside the page."""

from __future__ import annotations

from PIL import Image

from faceannot.balance.entries import Entry
from faceannot.balance.markup import Markup, tag
from faceannot.errors import PhotoError
from faceannot.images import read
from faceannot.outputs.thumbnails import SIDE_PX, thumbnail


def figure(entry: Entry) -> Markup:
    """A picture with its name, split and labels below it; without the picture where it cannot be read."""
    age = None if entry.age is None else f"{entry.age} years"
    subject = entry.subject and f"person {entry.subject}"
    known = [text for text in (entry.split, entry.gender, entry.expression, age, entry.ethnicity, subject) if text]
    name = tag("span", entry.name, class_="name", title=f"{entry.source} {entry.name}")
    source = tag("span", entry.source, class_="from")
    labels = tag("span", ", ".join(known) or "no labels", class_="labels")
    return tag("figure", _image(entry), tag("figcaption", labels, source, name))


def _image(entry: Entry) -> Markup:
    try:
        if entry.content is None:
            return tag("span", "")
        image = Image.fromarray(read(entry.content(), max_side=SIDE_PX).rgb)
    except (PhotoError, OSError):
        return tag("span", "cannot be read", class_="missing")
    return Markup(f'<img alt="" src="{thumbnail(image)}">')
