"""The networks: what they take and give, and that the lean ONNX file says the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest

from faceannot.detector import OUTPUTS, Detector
from faceannot.errors import FaceannotError
from faceannot.training.detector.network import detector_network
from faceannot.training.export import export_onnx
from faceannot.training.networks import move_weights, two_heads
from faceannot.training.quick_layers import QuickBatchNormalization, QuickConv2D, QuickDepthwiseConv2D

SMALL = {"side_px": 32, "widths": (8, 16), "blocks": (1, 1), "dropout": 0.1, "for_training": False}


def stirred(model: keras.Model) -> keras.Model:
    """`model` with normalisation statistics as a training leaves them, not 0 and 1."""
    random = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return model


@pytest.mark.parametrize(("half", "tolerance"), [(False, 1e-4), (True, 0.02)])
def test_the_classifiers_file_says_what_the_network_says(tmp_path: Path, half: bool, tolerance: float) -> None:
    model = stirred(two_heads(**SMALL))
    export_onnx(model, tmp_path / "c.onnx", channels_first_input=False, half=half)
    crops = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3)).astype(np.float32)
    said = onnxruntime.InferenceSession(str(tmp_path / "c.onnx")).run(["gender", "expression"], {"crops": crops})
    for mine, theirs in zip(said, model.predict(crops, verbose=0), strict=True):
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() < tolerance * max(1.0, np.abs(theirs).max())


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    model = two_heads(32, widths=(32, 64), blocks=(1, 1), dropout=0.0, for_training=False)
    sizes = []
    for half in (False, True):
        export_onnx(model, tmp_path / "c.onnx", channels_first_input=False, half=half)
        sizes.append((tmp_path / "c.onnx").stat().st_size)
    assert sizes[1] < 0.65 * sizes[0]


def test_the_detectors_file_has_yunets_interface_and_says_what_the_network_says(tmp_path: Path) -> None:
    model = stirred(detector_network((8, 8, 16), (0, 1, 1, 1), for_training=False))
    path = tmp_path / "d.onnx"
    export_onnx(model, path, channels_first_input=True, half=False)
    picture = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3)).astype(np.float32)
    said = onnxruntime.InferenceSession(str(path)).run(OUTPUTS, {"input": picture.transpose(0, 3, 1, 2)})
    for mine, theirs in zip(said, model.predict(picture, verbose=0), strict=True):
        assert mine.shape == theirs.shape
        assert np.abs(mine - theirs).max() < 1e-3 * max(1.0, np.abs(theirs).max())
    Detector(path).detect(picture[0].astype(np.uint8), threshold=0.9)


def test_the_training_form_lists_the_cells_of_all_strides_in_yunets_order() -> None:
    training = detector_network((8, 8, 16), (0, 1, 1, 1), for_training=True)
    plain = detector_network((8, 8, 16), (0, 1, 1, 1), for_training=False)
    for layer in training.layers:
        if layer.weights:
            plain.get_layer(layer.name).set_weights(layer.get_weights())
    picture = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    cells = training.predict(picture, verbose=0)[0]
    named = dict(zip(OUTPUTS, plain.predict(picture, verbose=0), strict=True))
    assert cells.shape == (64 + 16 + 4, 16)
    assert np.allclose(cells[:64, 2:6], named["bbox_8"][0], atol=1e-4)
    assert np.allclose(1 / (1 + np.exp(-cells[64:80, 1])), named["obj_16"][0, :, 0], atol=1e-4)


def test_what_is_kept_loads_with_keras_alone(tmp_path: Path) -> None:
    two_heads(**SMALL).save(tmp_path / "classifier.keras")
    detector_network((8, 8, 16), (0, 1, 1, 1), for_training=False).save(tmp_path / "detector.keras")
    loading = "import keras, sys; [keras.saving.load_model(name) for name in sys.argv[1:]]"
    files = [str(path) for path in sorted(tmp_path.glob("*.keras"))]
    subprocess.run([sys.executable, "-c", loading, *files], cwd=tmp_path, check=True)


def test_a_layer_without_a_counterpart_is_named(tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.SpatialDropout2D(0.1, name="odd")(inputs))
    with pytest.raises(FaceannotError, match="odd"):
        export_onnx(model, tmp_path / "x.onnx", channels_first_input=False, half=False)


def test_quick_normalisation_trains_as_kerass_own_does() -> None:
    values = np.random.default_rng(2).normal(3, 2, (6, 5, 5, 4)).astype(np.float32)
    quick, own = QuickBatchNormalization(momentum=0.9), keras.layers.BatchNormalization(momentum=0.9)
    outputs = [keras.ops.convert_to_numpy(layer(values, training=True)) for layer in (quick, own)]
    assert np.allclose(*outputs, atol=1e-3)
    for one, other in zip(quick.get_weights(), own.get_weights(), strict=True):
        # PyTorch keeps the variance of the sample, Keras that of the batch.
        assert np.allclose(one, other, rtol=0.02, atol=1e-4)


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [1, 3])
def test_quick_convolutions_give_what_kerass_own_give(side: int, stride: int, size: int) -> None:
    values = np.random.default_rng(4).normal(0, 1, (2, side, side + 1, 3)).astype(np.float32)
    options = {"strides": stride, "padding": "same", "activation": "relu", "bias_initializer": "ones"}
    pairs = [
        (QuickConv2D(5, size, **options), keras.layers.Conv2D(5, size, **options)),
        (QuickDepthwiseConv2D(size, **options), keras.layers.DepthwiseConv2D(size, **options)),
    ]
    for quick, own in pairs:
        quick.build(values.shape)
        own.build(values.shape)
        own.set_weights(quick.get_weights())
        mine, theirs = (keras.ops.convert_to_numpy(layer(values)) for layer in (quick, own))
        assert mine.shape == theirs.shape
        assert np.allclose(mine, theirs, atol=1e-5)


def test_a_deeper_network_begins_with_what_the_trained_one_says() -> None:
    crops = np.random.default_rng(5).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    trained = stirred(two_heads(**SMALL))
    deeper = two_heads(**(SMALL | {"blocks": (2, 3)}))
    move_weights(trained, deeper)
    for before, now in zip(trained.predict(crops, verbose=0), deeper.predict(crops, verbose=0), strict=True):
        assert np.allclose(before, now, atol=1e-5)
    new = deeper.get_layer("stage2_block3_2_norm")
    new.gamma.assign(new.gamma + 0.5)
    assert not np.allclose(deeper.predict(crops, verbose=0)[0], trained.predict(crops, verbose=0)[0], atol=1e-3)
