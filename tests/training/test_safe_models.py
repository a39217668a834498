"""Weights and models from other people run no code, read no other file and fill no memory."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from faceannot.errors import UsageError
from faceannot.training.augmentation import Strength
from faceannot.training.bundling import bundle
from faceannot.training.epochs import load_weights


def network() -> keras.Model:
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(2, name="last")(inputs))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of `network`, in a folder where nothing has exploded yet."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.weights.h5"
    network().save_weights(path)
    return path


def replace_first(path: Path, make: Any) -> None:
    """Put what `make` makes into the place of the first array of weights in a file."""
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
        shape = file[names[0]].shape
        del file[names[0]]
        make(file, names[0], shape)


def outside(file: Any, name: str, shape: tuple[int, ...]) -> None:
    file.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def linked(file: Any, name: str, shape: tuple[int, ...]) -> None:
    file[name] = h5py.ExternalLink("other.h5", "/x")


def virtual(file: Any, name: str, shape: tuple[int, ...]) -> None:
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape)
    file.create_virtual_dataset(name, layout)


def vast(file: Any, name: str, shape: tuple[int, ...]) -> None:
    file.create_dataset(name, (10**6, 10**6), "f4", chunks=(1000, 1000))


@pytest.mark.parametrize("make", [outside, linked, virtual, vast])
def test_weights_that_reach_outside_or_claim_too_much_are_refused(weights: Path, make: Any) -> None:
    with h5py.File(weights.with_name("other.h5"), "w") as other:
        other["x"] = np.zeros((4, 2), np.float32)
    replace_first(weights, make)
    with pytest.raises(UsageError, match=r"a\.weights\.h5: damaged, or of another training .*--overwrite"):
        load_weights(network(), weights)


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_weights_that_are_none_are_refused(weights: Path, content: bytes) -> None:
    weights.write_bytes(content)
    with pytest.raises(UsageError, match=r"a\.weights\.h5: damaged"):
        load_weights(network(), weights)


def test_weights_of_another_network_are_refused(weights: Path) -> None:
    inputs = keras.Input((5,))
    with pytest.raises(UsageError, match=r"a\.weights\.h5: damaged, or of another training"):
        load_weights(keras.Model(inputs, keras.layers.Dense(3, name="last")(inputs)), weights)


def with_code() -> bytes:
    """A whole `.keras` file with a function in it."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x, output_shape=(4,))])
    model.save("with-code.keras")
    return Path("with-code.keras").read_bytes()


def with_a_class_of_the_system() -> bytes:
    """A `.keras` file whose description asks for a function that is no layer."""
    config = '{"module": "os", "class_name": "mkdir", "config": {"path": "exploded"}, "registered_name": null}'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", b"")
    return stream.getvalue()


def bundled(model: Path, folder: Path) -> None:
    bundle(model, model, folder, folder / "out", threshold=0.5, strength=Strength())


@pytest.mark.parametrize("make", [with_code, with_a_class_of_the_system])
def test_a_model_with_code_in_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.keras").write_bytes(make())
    with pytest.raises((ValueError, TypeError, ImportError)):
        bundled(tmp_path / "model.keras", tmp_path)
    assert not (tmp_path / "exploded").exists()


def test_an_old_hdf5_model_with_code_in_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x, output_shape=(4,))])
    model.save(tmp_path / "model.h5")
    with pytest.raises((ValueError, TypeError)):
        bundled(tmp_path / "model.h5", tmp_path)
