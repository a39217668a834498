"""What all tests share: the Keras backend, chosen before anything imports Keras, how Ctrl-C works, and a portrait."""

from __future__ import annotations

import importlib.util
import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

BACKENDS = ("tensorflow", "torch", "jax")

if "KERAS_BACKEND" not in os.environ:
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    os.environ["KERAS_BACKEND"] = installed[0] if installed else BACKENDS[0]

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("faceannot", deadline=None)
settings.load_profile("faceannot")

# What a shell puts into the background ignores Ctrl-C, and processes hand that down: the tests of stopping
# would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def portrait() -> Path:
    """A real photo with one face: Grace Hopper, in the public domain, which matplotlib ships."""
    spec = importlib.util.find_spec("matplotlib")
    assert spec, "the tests need matplotlib, which the extra dev installs"
    assert spec.origin
    return Path(spec.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"
