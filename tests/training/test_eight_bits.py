"""A classifier in eight bits is smaller, says much the same, and is a bundle's classifier like any other."""

from __future__ import annotations

import logging
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from faceannot.training.eight_bits import in_eight_bits
from faceannot.training.export import export_onnx
from faceannot.training.networks import two_heads

SIDE = 32


@pytest.fixture
def crops() -> np.ndarray:
    random = np.random.default_rng(1)
    colours = random.integers(0, 256, (96, 1, 1, 3))
    return np.clip(colours + random.normal(0, 30, (96, SIDE, SIDE, 3)), 0, 255).astype(np.uint8)


@pytest.fixture
def network(tmp_path: Path, crops: np.ndarray) -> Path:
    """A network with a head that has learned to tell red from blue, as far as a few steps go."""
    keras.utils.set_random_seed(2)
    model = two_heads(SIDE, widths=(8, 16), blocks=(1, 1), dropout=0.0, for_training=False)
    model.compile(keras.optimizers.Adam(1e-2), loss=[keras.losses.CategoricalCrossentropy(from_logits=True)] * 2)
    is_red = crops[..., 0].mean(axis=(1, 2)) > crops[..., 2].mean(axis=(1, 2))
    wanted = [np.eye(2)[is_red.astype(int)], np.eye(7)[is_red.astype(int)]]
    model.fit(crops.astype(np.float32), wanted, epochs=6, batch_size=16, verbose=0)
    export_onnx(model, tmp_path / "exact.onnx", channels_first_input=False, half=False)
    return tmp_path / "exact.onnx"


def said(path: Path, crops: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.concatenate(session.run(["gender", "expression"], {"crops": crops.astype(np.float32)}), axis=1)


def test_it_says_much_the_same(tmp_path: Path, network: Path, crops: np.ndarray) -> None:
    in_eight_bits(network, crops[:64], tmp_path / "short.onnx")
    exact, short = said(network, crops), said(tmp_path / "short.onnx", crops)
    assert np.abs(exact - short).mean() < 0.1 * exact.std()
    assert (exact[:, :2].argmax(axis=1) == short[:, :2].argmax(axis=1)).mean() > 0.95


def test_weights_take_eight_bits_and_operations_are_the_standards(
    tmp_path: Path, network: Path, crops: np.ndarray
) -> None:
    in_eight_bits(network, crops, network)
    model = onnx.load(network)
    kernels = [part for part in model.graph.initializer if len(part.dims) == 4 and np.prod(part.dims) > 1]
    assert kernels
    assert {part.data_type for part in kernels} == {onnx.TensorProto.INT8}
    assert all(np.abs(onnx.numpy_helper.to_array(part)).max() <= 64 for part in kernels)
    assert {node.domain for node in model.graph.node} == {""}
    assert [path.name for path in tmp_path.iterdir()] == ["exact.onnx"]


def test_nothing_is_said_on_the_way(
    tmp_path: Path,
    network: Path,
    crops: np.ndarray,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.WARNING):
        in_eight_bits(network, crops, tmp_path / "short.onnx")
    assert capfd.readouterr() == ("", "")
