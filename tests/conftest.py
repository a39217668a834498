"""What all tests share: the Keras backend, which has to be chosen before anything imports Keras, and a portrait."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

BACKENDS = ("tensorflow", "torch", "jax")

if "KERAS_BACKEND" not in os.environ:
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    os.environ["KERAS_BACKEND"] = installed[0] if installed else BACKENDS[0]


@pytest.fixture(scope="session")
def portrait() -> Path:
    """A real photo with one face: Grace Hopper, in the public domain, which matplotlib ships."""
    spec = importlib.util.find_spec("matplotlib")
    assert spec, "the tests need matplotlib, which the extra dev installs"
    assert spec.origin
    return Path(spec.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"
