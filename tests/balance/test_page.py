"""The report as a page: whole, safe and not too large."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

from PIL import Image

from faceannot.balance.entries import Collection
from faceannot.balance.evidence import GROUPS_SHOWN
from faceannot.balance.markup import Markup, tag
from faceannot.balance.page import LINES_SHOWN, page
from faceannot.balance.report import make_report
from tests.balance.making import encoded, entry, scene
from tests.balance.reports import NASTY, faulty_report

VOID = {"img", "meta"}


class Balanced(HTMLParser):
    """Fails where a tag is not closed in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(name)
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name


def test_every_tag_is_closed_and_names_are_escaped() -> None:
    found = page(faulty_report(), ("limit <b>",))
    parser = Balanced()
    parser.feed(found)
    assert parser.open == []
    assert not parser.names & {"script", "b", "39_1"}
    assert "\x1b" not in found
    assert "&lt;script&gt;" in found
    assert NASTY not in found


def test_nothing_is_fetched_from_outside() -> None:
    found = page(faulty_report(), ())
    # By chance a picture in base64 may hold two slashes.
    words = re.sub(r"data:image/jpeg;base64,[\w+/=]+", "", found)
    assert not re.search(r"(?:https?:)?//(?!data:)\w", words)
    assert all(source.startswith("data:image/jpeg;base64,") for source in re.findall(r'(?:src|href)="([^"]*)"', found))


def test_the_offending_pictures_are_there() -> None:
    found = page(faulty_report(), ())
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', found)
    assert len(pictures) == 2
    assert Image.open(io.BytesIO(base64.b64decode(pictures[0]))).size == (96, 96)
    assert "data:image" not in page(faulty_report(), (), thumbnails=False)


def test_empty_cells_limits_and_what_was_skipped_are_there() -> None:
    found = page(faulty_report(), ("gender in train",))
    for text in (
        "no face at all is SadFemale",
        "Limit broken: gender in train",
        "0 - none",
        "&lt;39_1&gt;.jpg",
        "person 7",
    ):
        assert text in found


def test_however_much_is_wrong_the_page_stays_small() -> None:
    copies = [entry(f"{n}-{m}.png", encoded(scene(n)), split="train") for n in range(20) for m in range(9)]
    report = make_report(Collection(tuple(copies), tuple(f"line {n}" for n in range(1000))), threads=2)
    found = page(report, ())
    assert 0 < found.count("<img") <= 2 * GROUPS_SHOWN * 6
    assert found.count(">line ") == LINES_SHOWN
    assert "and 950 more" in found


def test_a_report_on_nothing_is_a_page_too() -> None:
    assert "there is not a single face" in page(make_report(Collection(()), threads=1), ())


def test_only_markup_is_taken_as_it_is() -> None:
    assert tag("p", "<b>", tag("i", "x"), title='"') == '<p title="&quot;">&lt;b&gt;<i>x</i></p>'
    assert tag("p", Markup("<br>")) == "<p><br></p>"
