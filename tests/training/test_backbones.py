"""Backbones: what is refused, and what goes from one network to the next."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from faceannot.errors import FaceannotError, UsageError
from faceannot.training.backbones import build, copy_backbone, copy_weights
from faceannot.training.recipe import Network

TINY = Network(widths=(4, 4), dense=8)


@pytest.mark.parametrize(
    ("network", "side_px", "words"),
    [
        (Network(backbone="InceptionV3"), 64, "at least 75"),
        (Network(backbone="VGG16"), 31, "at least 32"),
        (Network(widths=(4,) * 6), 32, "halved 6 times"),
        (Network(weights="imagenet"), 32, "has no imagenet weights"),
    ],
)
def test_pictures_and_weights_that_do_not_fit_are_refused(network: Network, side_px: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build(network, side_px, "gender", for_training=False)


def test_weights_that_cannot_be_downloaded_are_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    real = keras.applications.MobileNetV3Small

    def offline(weights: str | None, **options: Any) -> keras.Model:
        if weights:
            raise Exception("URL fetch failure")
        return real(weights=None, **options)

    monkeypatch.setattr(keras.applications, "MobileNetV3Small", offline)
    with pytest.raises(FaceannotError, match="cannot be downloaded"):
        build(Network(backbone="MobileNetV3Small", weights="imagenet"), 32, "gender", for_training=False)


@pytest.mark.parametrize("backbone", ["VGG16", "EfficientNetB0"])
def test_downloaded_weights_are_taken(backbone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real, donors = getattr(keras.applications, backbone), []

    def served(weights: str | None, **options: Any) -> keras.Model:
        model = real(weights=None, **options)
        if weights:
            donors.append(model)
        return model

    monkeypatch.setattr(keras.applications, backbone, served)
    model = build(Network(backbone=backbone, weights="imagenet", dense=0), 32, "gender", for_training=False)
    theirs = next(layer for layer in donors[0].layers[::-1] if layer.weights)
    assert np.array_equal(model.get_layer(theirs.name).get_weights()[0], theirs.get_weights()[0])


def test_vgg_sees_what_it_was_made_for() -> None:
    model = build(Network(backbone="VGG16", dense=0), 32, "gender", for_training=False)
    crops = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
    seen = keras.ops.convert_to_numpy(model.get_layer("colours")(crops))
    assert np.allclose(seen, keras.applications.vgg16.preprocess_input(crops.copy()), atol=1e-3)


def test_a_backbone_moves_to_another_head() -> None:
    emotion = build(TINY, 16, "emotion", for_training=False)
    label = build(TINY, 16, "label", for_training=True)
    copy_backbone(emotion, label, frozen=True)
    for name in ("conv1", "conv2", "dense"):
        assert np.array_equal(emotion.get_layer(name).get_weights()[0], label.get_layer(name).get_weights()[0])
    assert [variable.path.split("/")[0] for variable in label.trainable_variables] == ["label", "label"]


def test_the_form_for_training_says_what_the_kept_one_says() -> None:
    keras.utils.set_random_seed(1)
    training, kept = (build(TINY, 16, "label", for_training=flag) for flag in (True, False))
    copy_weights(training, kept)
    crops = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype(np.float32)
    assert np.allclose(training.predict(crops, verbose=0), kept.predict(crops, verbose=0), atol=1e-5)
