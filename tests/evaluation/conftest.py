"""A bundle of fake models, and small source data sets whose pictures they understand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from faceannot.annotator import Annotator
from faceannot.datasets.sources import parse_source
from faceannot.datasets.splitting import PICTURES_BELOW, split_by_hash
from faceannot.evaluation.judged import Judged, held_out, judge
from faceannot.records import EXPRESSIONS
from tests import fakes
from tests.fakes import HAPPY_FEMALE, HAPPY_MALE, SAD_FEMALE, SAD_MALE

# Class folders of RAF-DB.
HAPPY, SAD = "4", "5"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakes.bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def utkface(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six test faces: a man and two women read right, a woman read as a man, a boy read right, and a face not found."""
    folder = tmp_path_factory.mktemp("utkface")
    people = [
        ("30_0_0", SAD_MALE),
        ("30_1_0", SAD_FEMALE),
        ("40_1_1", HAPPY_FEMALE),
        ("75_1_1", HAPPY_MALE),
        ("8_0_1", SAD_MALE),
        ("50_0_0", None),
    ]
    for number, (name, colour) in enumerate(people):
        faces = [] if colour is None else [(number + 4, 5, colour)]
        fakes.save(fakes.photo(*faces, background=(64, 64, 64 - number)), folder / _test_name(name))
    return folder


@pytest.fixture(scope="session")
def rafdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four test faces: two happy ones, one of which is read as sad, and two sad ones, read right."""
    folder = tmp_path_factory.mktemp("rafdb")
    faces = [(HAPPY, HAPPY_MALE), (HAPPY, SAD_FEMALE), (SAD, SAD_FEMALE), (SAD, SAD_MALE)]
    for number, (label, colour) in enumerate(faces):
        fakes.save(fakes.photo((number + 6, 5, colour)), folder / "test" / label / f"test_{number}.jpg")
    fakes.save(fakes.photo((2, 2, SAD_MALE)), folder / "train" / SAD / "train_0.jpg")
    return folder


@pytest.fixture(scope="session")
def judged(bundle: Path, utkface: Path, rafdb: Path) -> Judged:
    """Both sources, judged by the fake bundle."""
    sources = [parse_source(f"utkface:{utkface}"), parse_source(f"rafdb:{rafdb}")]
    return judge(Annotator(model=bundle, threads=1), held_out(sources, "test"))


def table(
    genders: Sequence[int],
    female: Sequence[float],
    *,
    ages: Sequence[int] | None = None,
    ethnicities: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    sides_px: Sequence[float] | None = None,
    lost: Sequence[bool] | None = None,
    expressions: Sequence[int] | None = None,
    scores: Sequence[Sequence[float]] | None = None,
) -> Judged:
    """Faces of the source `made`: true `genders` and scores for female, and what else matters to a test."""
    count = len(genders)
    female_scores = np.asarray(female, np.float64)
    is_lost = np.zeros(count, np.bool_) if lost is None else np.asarray(lost)
    return Judged(
        source=np.full(count, "made"),
        gender=np.asarray(genders),
        expression=np.full(count, -1) if expressions is None else np.asarray(expressions),
        age=np.full(count, -1) if ages is None else np.asarray(ages),
        ethnicity=np.full(count, "") if ethnicities is None else np.asarray(ethnicities, np.str_),
        group=np.full(count, "") if groups is None else np.asarray(groups, np.str_),
        outcome=is_lost.astype(np.int64),
        side_px=np.where(is_lost, 0.0, 100.0 if sides_px is None else np.asarray(sides_px, np.float64)),
        detection=np.where(is_lost, 0.0, 0.9),
        genders=np.where(is_lost[:, None], 0.0, np.stack([1 - female_scores, female_scores], axis=1)),
        expressions=np.tile(np.eye(len(EXPRESSIONS))[1], (count, 1)) if scores is None else np.asarray(scores),
    )


def _test_name(start: str) -> str:
    """A name of UTKFace's form that falls into the test part."""
    names = (f"{start}_{time}.png" for time in range(1000))
    return next(name for name in names if split_by_hash(name, PICTURES_BELOW) == "test")
