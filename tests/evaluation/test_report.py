"""The report says the same in all its forms, needs nothing from outside and shows no text as markup."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceannot.bundle import load_bundle
from faceannot.evaluation.differences import differences, not_recorded
from faceannot.evaluation.html import page
from faceannot.evaluation.judged import Judged, Seen
from faceannot.evaluation.mistakes import face_thumbnail, worst_mistakes
from faceannot.evaluation.questions import ask
from faceannot.evaluation.report import NOTE, ModelReport, as_json, model_report, report
from faceannot.inputs import Photo
from faceannot.outputs.thumbnails import SIDE_PX
from faceannot.records import Box
from tests import fakes

VOID = {"meta", "img", "br"}


@pytest.fixture(scope="module")
def measured(bundle: Path, judged: Judged) -> ModelReport:
    return model_report(load_bundle(bundle), judged)


class Checker(HTMLParser):
    """Notes elements that are not closed, what is loaded, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.unclosed: list[str] = []
        self.loaded: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.unclosed.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def checked(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    assert not checker.unclosed
    return checker


def test_there_is_a_report_on_each_source_and_on_all(measured: ModelReport) -> None:
    assert [source.name for source in measured.sources] == ["utkface", "rafdb", "all"]
    assert [source.pictures for source in measured.sources] == [6, 4, 10]
    assert [question.key for question in measured.sources[2].questions] == [
        "gender",
        "gender-under-20",
        "emotion",
        "expression",
    ]


def test_lost_faces_are_listed_and_count_as_errors(measured: ModelReport) -> None:
    utkface = measured.sources[0]
    assert utkface.no_face == 1
    assert [name[:6] for name in utkface.lost] == ["50_0_0"]
    gender = utkface.questions[0]
    assert (gender.faces, gender.lost) == (5, 1)
    assert gender.figure("accuracy").value == pytest.approx(3 / 5)


def test_json_has_every_figure_with_its_interval_and_no_nan(measured: ModelReport) -> None:
    text = json.dumps(as_json(report([measured], "test")), allow_nan=False)
    content = json.loads(text)
    assert content["note"] == NOTE
    gender = content["models"][0]["sources"][0]["questions"][0]
    accuracy = next(figure for figure in gender["figures"] if figure["key"] == "accuracy")
    assert accuracy["value"] == 0.6
    assert accuracy["interval"]["low"] < 0.6 < accuracy["interval"]["high"]
    assert {"confusion", "reliability", "curve", "unsure", "groups", "classes"} <= set(gender)


def test_json_has_no_pictures_and_the_page_only_where_they_are_wanted(measured: ModelReport) -> None:
    whole = report([measured], "test")
    mistakes = as_json(whole)["models"][0]["mistakes"]
    assert {tuple(one) for one in mistakes} == {("question", "source", "picture", "truth", "said", "confidence")}
    assert page(whole).count("data:image/jpeg;base64,") == len(mistakes)
    without = page(whole, thumbnails=False)
    assert "data:image" not in without
    assert without.count("<figure title=") == len(mistakes)


def test_each_field_of_the_json_is_described(measured: ModelReport) -> None:
    described = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    whole = as_json(report([measured], "test"))
    model = whole["models"][0]
    question = model["sources"][0]["questions"][0]
    for fields in (whole, model, model["sources"][0], model["mistakes"][0], question, question["groups"][0]):
        assert [name for name in fields if f"`{name}" not in described and f".{name}`" not in described] == []


def test_the_page_is_whole_and_loads_nothing(measured: ModelReport) -> None:
    checker = checked(page(report([measured], "test")))
    assert all(source.startswith("data:image/jpeg;base64,") for source in checker.loaded)
    text = " ".join(" ".join(checker.words).split())
    assert "It is not who somebody is" in text
    assert "measured now" in text
    assert not re.search(r"https?://|@import|url\(", page(report([measured], "test")))


def test_recorded_figures_are_marked_with_date_and_hash(measured: ModelReport) -> None:
    text = page(report([replace(measured, recorded="2026-11-20", mistakes=())], "test"))
    assert "recorded on 2026-11-20" in text
    assert measured.sha256 in text
    assert "<img" not in text


def test_several_models_stand_side_by_side_under_names_of_their_own(measured: ModelReport) -> None:
    other = replace(measured, sha256="0" * 64)
    words = checked(page(report([measured, other], "test"))).words
    assert f"fake {measured.sha256[:12]}" in words
    assert "fake 000000000000" in words


def test_names_are_text_and_not_markup(measured: ModelReport) -> None:
    lost = tuple(replace(source, name="<b>&", lost=("<script>x</script>",)) for source in measured.sources)
    text = page(report([replace(measured, name="<i>", sources=lost)], "test"))
    assert not re.search(r"<(b|i|script)>", text)
    assert "<b>&" in checked(text).words


def test_the_worst_mistake_is_the_surest_wrong_answer(bundle: Path, judged: Judged) -> None:
    mistakes = worst_mistakes(judged, ask(judged, 0.5))
    (gender,) = [one for one in mistakes if one.question == "gender"]
    assert (gender.truth, gender.said, gender.source) == ("female", "male", "utkface")
    assert gender.picture.startswith("75_1_1")
    emotion = [one for one in mistakes if one.question == "emotion"]
    assert [(one.truth, one.said) for one in emotion] == [("happy", "sad")]


def test_the_surest_mistakes_come_first_and_no_more_than_wanted(judged: Judged) -> None:
    turned = replace(judged, gender=1 - judged.gender * (judged.gender >= 0), expression=np.full(len(judged), -1))
    mistakes = worst_mistakes(turned, ask(turned, 0.5), most=3)
    sure = [one.confidence for one in mistakes if one.question == "gender"]
    assert len(sure) == 3
    assert sure == sorted(sure, reverse=True)


def test_there_is_no_grid_without_pictures(judged: Judged) -> None:
    assert worst_mistakes(replace(judged, seen=()), ask(judged, 0.5)) == ()


def decoded(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/jpeg;base64,"))))


def test_a_thumbnail_is_the_face_with_a_margin() -> None:
    rgb = fakes.photo((10, 6, fakes.HAPPY_FEMALE))
    content = face_thumbnail(Seen(Photo("x", rgb), Box(320, 192, fakes.SIDE, fakes.SIDE)))
    image = decoded(content)
    assert image.format == "JPEG"
    assert image.size == (1.5 * fakes.SIDE, 1.5 * fakes.SIDE)
    middle, corner = image.getpixel((24, 24)), image.getpixel((2, 2))
    assert middle[0] > 200 > 100 > corner[0]


def test_a_large_face_becomes_a_small_thumbnail() -> None:
    rgb = np.zeros((3000, 2000, 3), np.uint8)
    content = face_thumbnail(Seen(Photo("x", rgb), Box(100, 100, 1500, 2500)))
    assert max(decoded(content).size) == SIDE_PX


def test_a_picture_that_has_gone_leaves_a_mistake_without_a_picture(tmp_path: Path) -> None:
    assert face_thumbnail(Seen(Photo("x", tmp_path / "gone.jpg"), Box(0, 0, 9, 9))) == ""


def test_a_figure_outside_the_recorded_interval_is_found(bundle: Path, judged: Judged, measured: ModelReport) -> None:
    before = model_report(load_bundle(bundle), judged, "2026-11-20")
    assert differences(measured, before) == ()
    many = replace(judged, seen=()).only(np.repeat(np.arange(len(judged)), 40))
    turned = replace(many, gender=np.where(many.gender >= 0, 1 - many.gender, many.gender))
    worse = model_report(load_bundle(bundle), turned)
    found = differences(worse, model_report(load_bundle(bundle), many, "2026-11-20"))
    accuracy = next(one for one in found if (one.source, one.question, one.figure) == ("utkface", "gender", "accuracy"))
    assert accuracy.outside
    assert (accuracy.recorded, accuracy.measured) == (pytest.approx(0.6), pytest.approx(0.2))
    assert found[0].outside


def test_other_numbers_of_faces_come_before_the_figures(bundle: Path, judged: Judged) -> None:
    loaded = load_bundle(bundle)
    many = replace(judged, seen=()).only(np.repeat(np.arange(len(judged)), 40))
    fewer = many.only((many.age != 8) & ((many.gender != 0) | (np.arange(len(many)) % 2 == 0)))
    found = differences(model_report(loaded, fewer), model_report(loaded, many, "2026-11-20"))
    counts = [one for one in found if one.figure in ("faces", "lost faces")]
    assert list(found[: len(counts)]) == counts
    of_source = {(one.question, one.figure): (one.recorded, one.measured) for one in counts if one.source == "utkface"}
    assert of_source == {
        ("gender-under-20", "faces"): (40, 0),
        ("gender", "faces"): (200, 160),
        ("gender", "lost faces"): (40, 20),
    }
    assert all(one.outside for one in counts if one.source == "utkface")


def test_a_figure_that_is_known_no_more_differs(bundle: Path, judged: Judged) -> None:
    loaded = load_bundle(bundle)
    known = replace(judged, seen=()).only(judged.source == "utkface")
    men = replace(known, gender=np.where(known.gender == 1, 0, known.gender))
    found = differences(model_report(loaded, men), model_report(loaded, known, "2026-11-20"))
    (auc,) = [one for one in found if (one.question, one.figure) == ("gender", "ROC AUC")]
    assert math.isnan(auc.measured)
    assert auc.outside


def test_sources_that_were_not_recorded_are_named_and_all_is_not_compared(bundle: Path, judged: Judged) -> None:
    loaded = load_bundle(bundle)
    both, one = model_report(loaded, judged), model_report(loaded, judged.only(judged.source == "rafdb"))
    assert not_recorded(both, one) == ["all", "utkface"]
    assert differences(both, one) == ()
