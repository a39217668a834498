"""Recipes from end to end on tiny crops: what they leave, that it labels, and what is refused."""

from __future__ import annotations

import csv
import errno
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from PIL import Image

from faceannot import Annotator
from faceannot.bundle import load_bundle
from faceannot.classifier import Classifier
from faceannot.datasets.cleaning import COPY
from faceannot.datasets.prepare_sources import PreparedSource
from faceannot.errors import DatasetError, OutputError, UsageError
from faceannot.training.epochs import Moment
from faceannot.training.material import Watch, gather
from faceannot.training.products import FILES
from faceannot.training.recipe_files import changed, open_recipe
from faceannot.training.run import Order, Outcome, show_preview, train
from faceannot.training.workplace import occupied
from tests import fakes
from tests.training import tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakes.add_verifier(fakes.bundle(tmp_path_factory.mktemp("model"), weights=[0.0, 1.0, 0.0]))


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    return tiny.data(tmp_path / "data")


@pytest.fixture
def both(tmp_path: Path) -> list[str]:
    return [f"prepared:{tiny.prepared(tmp_path / 'both', kind='both')}"]


def order(name: str, data: list[str], out: Path, model: Path, *settings: str) -> Order:
    return Order(changed(open_recipe(name), [*tiny.QUICK, *settings]), data, out, model=model)


def done(what: Order) -> Outcome:
    return train(what, lambda moment: None)


def test_a_recipe_leaves_a_whole_bundle(data: list[str], tmp_path: Path, model: Path) -> None:
    moments: list[Moment] = []
    train(order("cross-label", data, tmp_path / "out", model, "confidence=0"), moments.append)
    assert set(FILES) | {"recipe.toml", "data.json", "training_time.json", "steps"} == {
        path.name for path in (tmp_path / "out").iterdir()
    }
    assert load_bundle(tmp_path / "out").verification == replace(
        load_bundle(model).verification, path=tmp_path / "out" / "verifier.onnx"
    )
    with (tmp_path / "out" / "history.csv").open(newline="") as file:
        rows = [(row["step"], int(row["epoch"])) for row in csv.DictReader(file)]
    assert rows == [(step, epoch) for step in ("gender", "emotion", "unified") for epoch in (1, 2, 3)]
    assert [(one.step, one.epoch) for one in moments if one.figures] == rows
    assert tomllib.loads((tmp_path / "out" / "recipe.toml").read_text())["schedule"]["epochs"] == 3
    described = json.loads((tmp_path / "out" / "data.json").read_text())
    assert [(one["examples"], one["splits"]["test"]) for one in described["sources"]] == [(40, 8), (40, 8)]
    for path in (tmp_path / "out").glob("*.png"):
        assert min(Image.open(path).size) > 200


def test_the_bundle_labels_what_it_learned(both: list[str], tmp_path: Path, model: Path) -> None:
    outcome = done(order("gender-cnn", both, tmp_path / "out", model, "epochs=8"))
    assert outcome.judged
    assert outcome.judged.figures()["gender"]["accuracy"] == 1.0
    bundle = load_bundle(tmp_path / "out")
    assert bundle.crop_px == 16
    red = np.zeros((2, 16, 16, 3), np.uint8) + 30
    red[1, :, :, 0] += 90
    assert [scores.gender for scores in Classifier(bundle).classify(red)] == ["male", "female"]
    photo = fakes.save(fakes.photo((2, 2, fakes.HAPPY_MALE)), tmp_path / "photo.png")
    (result,) = Annotator(model=tmp_path / "out").annotate([str(photo)])
    assert len(result.faces) == 1


def test_model_keras_loads_with_keras_alone(both: list[str], tmp_path: Path, model: Path) -> None:
    done(order("gender-cnn", both, tmp_path / "out", model, "epochs=1"))
    loading = "import keras, sys; print(keras.saving.load_model(sys.argv[1]).output_shape)"
    run = subprocess.run(
        [sys.executable, "-c", loading, tmp_path / "out" / "model.keras"], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.stdout.strip().endswith("(None, 1)"), run.stderr


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("combined-class-weights", {"gender", "emotion"}),
        ("combined-undersampling", {"gender", "emotion"}),
        ("combined-oversampling", {"gender", "emotion"}),
        ("multitask", {"gender", "emotion", "expression"}),
    ],
)
def test_other_recipes_run_too(name: str, kinds: set[str], data: list[str], tmp_path: Path, model: Path) -> None:
    outcome = done(
        order(name, data, tmp_path / "out", model, "epochs=1", "network.blocks=[1, 1]", "mixed_precision=true")
    )
    assert outcome.judged
    assert {one.kind for one in outcome.judged.judgements} == kinds


def test_transfer_begins_with_the_earlier_backbone(data: list[str], tmp_path: Path, model: Path) -> None:
    settings = ("steps.unified.frozen=true", "steps.unified.epochs=1")
    done(order("transfer", data, tmp_path / "out", model, *settings))
    weights = [keras.saving.load_model(tmp_path / "out" / "model.keras").get_layer("conv1").get_weights()]
    emotion = changed(open_recipe("emotion-cnn"), tiny.QUICK)
    train(Order(emotion, data, tmp_path / "emotion", model=model), lambda moment: None)
    weights.append(keras.saving.load_model(tmp_path / "emotion" / "model.keras").get_layer("conv1").get_weights())
    assert all(np.allclose(one, other, atol=1e-6) for one, other in zip(*weights, strict=True))


def test_early_stopping_keeps_the_best_epoch(both: list[str], tmp_path: Path, model: Path) -> None:
    settings = ("epochs=40", "early_stopping=2", "learning_rate=0.5", "optimiser=sgd")
    done(order("gender-cnn", both, tmp_path / "out", model, *settings))
    history = json.loads((tmp_path / "out" / "steps" / "gender" / "history.json").read_text())
    losses = [row["val_loss"] for row in history]
    best = min(range(len(losses)), key=losses.__getitem__)
    assert len(losses) == best + 3 < 40


def test_folds_give_mean_and_spread(both: list[str], tmp_path: Path, model: Path) -> None:
    outcome = done(replace(order("gender-cnn", both, tmp_path / "out", model, "epochs=1"), folds=2))
    assert [row["kind"] for row in outcome.folds] == ["gender"]
    assert set(outcome.folds[0]["accuracy"]) == {"mean", "spread"}
    with (tmp_path / "out" / "folds" / "folds.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["fold"] for row in rows] == ["1", "2"]
    assert sum(int(row["faces"]) for row in rows) == 32
    assert (tmp_path / "out" / "folds" / "2" / "1").is_dir()


def test_folds_of_another_number_are_refused(both: list[str], tmp_path: Path, model: Path) -> None:
    what = replace(order("gender-cnn", both, tmp_path / "out", model, "epochs=1"), folds=2)
    done(what)
    with pytest.raises(UsageError, match="--folds 2"):
        done(replace(what, folds=3, resume=True))


def test_a_preview_is_drawn_without_training(both: list[str], tmp_path: Path, model: Path) -> None:
    made = show_preview(order("multitask", both, tmp_path / "out", model, "network.blocks=[1, 1]"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [made.name]


def test_a_step_without_its_label_is_named(data: list[str], tmp_path: Path, model: Path) -> None:
    with pytest.raises(DatasetError, match="step emotion: no training example has happy or sad"):
        done(order("emotion-cnn", data[:1], tmp_path / "out", model))


def test_a_single_class_is_named(tmp_path: Path, model: Path) -> None:
    folder = tiny.prepared(tmp_path / "men", kind="gender")
    table = folder / "examples.csv"
    table.write_text(table.read_text().replace(",female,", ",male,"))
    with pytest.raises(DatasetError, match="all 24 training examples are male"):
        done(order("gender-cnn", [f"prepared:{folder}"], tmp_path / "out", model))


def test_what_is_there_is_never_replaced_unasked(both: list[str], tmp_path: Path, model: Path) -> None:
    what = order("gender-cnn", both, tmp_path / "out", model, "epochs=1")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    for asked in (what, replace(what, overwrite=True), replace(what, resume=True)):
        with pytest.raises(OutputError, match="no training made"):
            done(asked)
    (tmp_path / "out" / "thesis.txt").unlink()
    done(what)
    with pytest.raises(OutputError, match="--resume"):
        done(what)
    with pytest.raises(UsageError, match="another recipe"):
        done(replace(order("gender-cnn", both, tmp_path / "out", model, "epochs=2"), resume=True))
    done(replace(order("gender-cnn", both, tmp_path / "out", model, "epochs=2"), overwrite=True))


def test_two_trainings_do_not_share_a_folder(both: list[str], tmp_path: Path, model: Path) -> None:
    with occupied(tmp_path / "out"), pytest.raises(OutputError, match="another run"):
        done(order("gender-cnn", both, tmp_path / "out", model))


def test_a_training_does_not_go_on_with_other_data(both: list[str], tmp_path: Path, model: Path) -> None:
    done(order("gender-cnn", both, tmp_path / "out", model, "epochs=1"))
    other = [f"prepared:{tiny.prepared(tmp_path / 'other', kind='gender')}"]
    with pytest.raises(UsageError, match="other data"):
        done(replace(order("gender-cnn", other, tmp_path / "out", model, "epochs=1"), resume=True))


def test_pictures_are_cropped_once(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "photos" / "Training" / "male"
    fakes.save(np.full((48, 48, 3), (255, 0, 0), np.uint8), folder / "a.png")
    data = [f"gender-folders:{tmp_path / 'photos'}"]
    detector = load_bundle(model).detector
    first = gather(data, tmp_path / "cache", detector)
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("crops.npy")}
    assert gather(data, tmp_path / "cache", detector).fingerprints == first.fingerprints
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("crops.npy")} == made
    assert len(made) == 1
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    for way in (tmp_path / "link", tmp_path / "cache" / ".." / "photos"):
        assert gather([f"gender-folders:{way}"], tmp_path / "cache", detector).sources[0].examples
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("crops.npy")} == made


def test_an_age_that_was_edited_makes_new_crops_and_no_error(tmp_path: Path, model: Path) -> None:
    fakes.save(np.full((48, 48, 3), (255, 0, 0), np.uint8), tmp_path / "a.png")
    detector = load_bundle(model).detector
    for age in (30, 31):
        (tmp_path / "list.csv").write_text(f"path,gender,age\na.png,male,{age}\n")
        material = gather([f"manifest:{tmp_path / 'list.csv'}"], tmp_path / "cache", detector)
        assert [one.age for one in material.sources[0].examples] == [age]


def test_a_copy_in_another_source_is_used_once_and_told(tmp_path: Path, model: Path) -> None:
    for place in ("one/Training/male", "two/male"):
        for number in range(3):
            fakes.save(np.full((48, 48, 3), (255, 20 * number, 0), np.uint8), tmp_path / place / f"{number}.png")
    fakes.save(np.full((48, 48, 3), (255, 99, 0), np.uint8), tmp_path / "two" / "male" / "new.png")
    told: list[PreparedSource] = []
    data = [f"gender-folders:{tmp_path / 'one'}", f"folders:{tmp_path / 'two'}"]
    material = gather(data, tmp_path / "cache", load_bundle(model).detector, Watch(finished=told.append))
    assert sum(len(source.examples) for source in material.sources) == 4
    assert sum(source.cleaned.reasons()[COPY] for source in told) == 3


def test_a_finished_bundle_is_kept_as_it_is(both: list[str], tmp_path: Path, model: Path) -> None:
    what = order("gender-cnn", both, tmp_path / "out", model, "epochs=1")
    done(what)
    described = tmp_path / "out" / "bundle.json"
    described.write_text(json.dumps({**json.loads(described.read_text()), "heldout": {"file": "x", "sha256": "y"}}))
    before = described.read_bytes()
    assert done(replace(what, resume=True)).judged is None
    assert described.read_bytes() == before


def test_each_kind_of_label_is_judged_where_there_is_one(tmp_path: Path, model: Path) -> None:
    folder = tiny.prepared(tmp_path / "gender", kind="gender")
    (folder / "lost.csv").write_text("name,path\na.png,x/a.png\nb.png,x/b.png\n")
    emotion = tiny.prepared(tmp_path / "emotion", kind="emotion")
    table = emotion / "examples.csv"
    table.write_text(table.read_text().replace(",test,", ",train,"))
    data = [f"prepared:{folder}", f"prepared:{emotion}"]
    done(order("multitask", data, tmp_path / "out", model, "epochs=1", "network.blocks=[1, 1]"))
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert (figures["gender"]["part"], figures["gender"]["faces"]) == ("test", 8)
    assert (figures["emotion"]["part"], figures["emotion"]["faces"]) == ("validation", 8)
    assert figures["label"] == {"part": None, "faces": 0}
    assert figures["lost"] == 2


def test_a_disk_that_takes_nothing_is_told_in_words(
    both: list[str], tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("faceannot.training.epochs._save", full)
    with pytest.raises(OutputError, match="No space left"):
        done(order("gender-cnn", both, tmp_path / "out", model, "epochs=1"))


def test_a_folder_that_is_a_file_is_told_in_words(both: list[str], tmp_path: Path, model: Path) -> None:
    (tmp_path / "out").write_text("mine")
    for run in (done, show_preview):
        with pytest.raises(OutputError, match="out"):
            run(order("gender-cnn", both, tmp_path / "out", model))
        with pytest.raises(OutputError, match="out"):
            run(order("gender-cnn", both, tmp_path / "out" / "below", model))


def test_another_models_detector_is_noticed(both: list[str], tmp_path: Path, model: Path) -> None:
    what = order("gender-cnn", both, tmp_path / "out", model, "epochs=1")
    done(what)
    other = fakes.bundle(tmp_path / "other")
    with (other / "detector.onnx").open("r+b") as file:
        changed_model = onnx.load(file)
    changed_model.doc_string = "another"
    onnx.save(changed_model, other / "detector.onnx")
    with pytest.raises(UsageError, match="another --model"):
        done(replace(what, model=fakes.redescribe(other), resume=True))
