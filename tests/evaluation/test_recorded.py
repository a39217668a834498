"""Recorded scores come back as they were, fit their bundle or are refused, and hold nothing that names anybody."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceannot.annotator import Annotator
from faceannot.bundle import file_sha256, load_bundle
from faceannot.errors import BundleError, UsageError
from faceannot.evaluation.differences import differences
from faceannot.evaluation.judged import Judged
from faceannot.evaluation.recorded import FILE, load_recorded, record
from faceannot.evaluation.report import model_report
from tests import fakes


@pytest.fixture
def folder(tmp_path: Path, judged: Judged) -> Path:
    """A bundle that carries the scores of `judged`."""
    folder = fakes.bundle(tmp_path / "bundle")
    record(load_bundle(folder), judged, "2026-11-21")
    return folder


def replace_scores(folder: Path, **changes: Any) -> None:
    """Write other arrays, with a hash that fits."""
    with np.load(folder / FILE, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez_compressed(folder / FILE, **{**arrays, **changes})
    rehash(folder)


def rehash(folder: Path) -> None:
    description = json.loads((folder / "bundle.json").read_text())
    description["heldout"]["sha256"] = file_sha256(folder / FILE)
    (folder / "bundle.json").write_text(json.dumps(description))


def test_what_was_recorded_comes_back(folder: Path, judged: Judged) -> None:
    recorded = load_recorded(load_bundle(folder))
    assert recorded.date == "2026-11-21"
    for name in ("source", "gender", "expression", "age", "ethnicity", "outcome", "side_px"):
        assert getattr(recorded.judged, name).tolist() == getattr(judged, name).tolist()
    assert recorded.judged.genders == pytest.approx(judged.genders, abs=1e-3)
    assert recorded.judged.expressions == pytest.approx(judged.expressions, abs=1e-3)
    assert recorded.judged.seen == ()


def test_the_report_from_recorded_scores_is_the_measured_one(folder: Path, judged: Judged) -> None:
    bundle = load_bundle(folder)
    recorded = load_recorded(bundle)
    fresh, before = model_report(bundle, judged), model_report(bundle, recorded.judged, recorded.date)
    assert (fresh.recorded, before.recorded) == (None, "2026-11-21")
    assert differences(fresh, before) == ()


def test_a_bundle_that_carries_scores_still_labels(folder: Path) -> None:
    (result,) = Annotator(model=folder, threads=1).annotate(fakes.photo((5, 5, fakes.SAD_MALE)))
    assert [face.scores.label for face in result.faces] == ["SadMale"]


def test_labelling_does_not_read_the_scores(folder: Path) -> None:
    (folder / FILE).unlink()
    assert load_bundle(folder).heldout is not None


def test_no_name_of_a_picture_is_recorded(folder: Path, judged: Judged) -> None:
    with zipfile.ZipFile(folder / FILE) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    text = content.replace(b"\0", b"")
    assert b"utkface" in text
    assert not any(seen.photo.name.encode() in text for seen in judged.seen)


def test_the_same_faces_give_the_same_file(folder: Path, judged: Judged, tmp_path: Path) -> None:
    again = fakes.bundle(tmp_path / "again")
    record(load_bundle(again), judged, "2026-11-21")
    assert (again / FILE).read_bytes() == (folder / FILE).read_bytes()


def test_25_000_faces_stay_well_under_a_megabyte(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    count = 25_000
    expressions = rng.dirichlet(np.full(7, 0.3), count)
    judged = Judged(
        source=rng.choice(["utkface", "rafdb"], count),
        gender=rng.integers(0, 2, count),
        expression=rng.integers(-1, 7, count),
        age=rng.integers(-1, 100, count),
        ethnicity=rng.choice(["White", "Black", ""], count),
        group=np.full(count, ""),
        outcome=np.zeros(count, np.int64),
        side_px=rng.integers(20, 300, count).astype(float),
        detection=rng.random(count),
        genders=rng.dirichlet([0.3, 0.3], count),
        expressions=expressions,
    )
    path = record(load_bundle(fakes.bundle(tmp_path)), judged, "2026-11-21")
    assert path.stat().st_size < 700_000


def test_scores_that_are_there_are_kept_unless_told_otherwise(folder: Path, judged: Judged) -> None:
    with pytest.raises(UsageError, match="--overwrite"):
        record(load_bundle(folder), judged, "2026-11-22")
    record(load_bundle(folder), judged, "2026-11-22", overwrite=True)
    assert load_recorded(load_bundle(folder)).date == "2026-11-22"


def test_a_bundle_without_scores_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="--data KIND:PATH"):
        load_recorded(load_bundle(fakes.bundle(tmp_path)))


def test_scores_that_were_changed_are_refused(folder: Path) -> None:
    (folder / FILE).write_bytes((folder / FILE).read_bytes() + b"x")
    with pytest.raises(BundleError, match="SHA-256"):
        load_recorded(load_bundle(folder))


def test_scores_of_other_settings_are_refused(folder: Path) -> None:
    description = json.loads((folder / "bundle.json").read_text())
    description["classifier"]["gender_bias"] = 0.5
    (folder / "bundle.json").write_text(json.dumps(description))
    with pytest.raises(BundleError, match="other models or settings"):
        load_recorded(load_bundle(folder))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": np.uint8(9)}, "format 9"),
        ({"gender": np.full(10, 7, np.uint8)}, "`gender`"),
        ({"source": np.full(10, 2, np.uint8)}, "`source`"),
        ({"expressions": np.zeros((10, 6), np.float16)}, "`expressions`"),
        ({"age": np.zeros(10, np.float64)}, "`age`"),
        ({"source_names": np.zeros(2)}, "`source_names`"),
        ({"outcome": np.zeros(9, np.uint8)}, "`outcome`"),
        ({"format": np.full(3, 1, np.uint8)}, "`format` has to be a single number"),
        ({"date": np.array(["2026-11-21", "x"])}, "`date` has to be a single text"),
        ({"describes": np.uint8(1)}, "`describes` has to be a single text"),
        ({"gender_logit": np.full(10, np.nan, np.float16)}, "`gender_logit` has to be finite"),
        ({"expressions": np.full((10, 7), np.inf, np.float16)}, "`expressions` shares from 0 to 1"),
        ({"expressions": np.full((10, 7), -1, np.float16)}, "`expressions` shares from 0 to 1"),
    ],
)
def test_arrays_that_do_not_fit_are_named(folder: Path, changes: dict[str, Any], complaint: str) -> None:
    replace_scores(folder, **changes)
    with pytest.raises(BundleError, match=complaint):
        load_recorded(load_bundle(folder))


def test_a_pickle_is_never_opened(folder: Path) -> None:
    np.savez_compressed(folder / FILE, source=np.array([{"a": 1}], dtype=object))
    rehash(folder)
    with pytest.raises(BundleError, match="not a file of recorded scores"):
        load_recorded(load_bundle(folder))


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,)}",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        b"(" * 9000,
        b"'''",
        b"exit()",
    ],
)
def test_a_crafted_array_in_the_archive_is_refused(folder: Path, header: bytes) -> None:
    with zipfile.ZipFile(folder / FILE, "w") as archive:
        archive.writestr("source.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    rehash(folder)
    with pytest.raises(BundleError, match="not a file of recorded scores"):
        load_recorded(load_bundle(folder))


def test_an_archive_that_wants_a_password_is_refused(folder: Path) -> None:
    content = bytearray((folder / FILE).read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(signature, at + 4)
    (folder / FILE).write_bytes(content)
    rehash(folder)
    with pytest.raises(BundleError, match="not a file of recorded scores"):
        load_recorded(load_bundle(folder))


def test_what_is_no_archive_is_refused(folder: Path) -> None:
    (folder / FILE).write_bytes(b"no archive")
    rehash(folder)
    with pytest.raises(BundleError, match="not a file of recorded scores"):
        load_recorded(load_bundle(folder))
