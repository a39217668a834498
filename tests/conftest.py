"""What all tests share: the Keras backend, which has to be chosen before anything imports Keras."""

from __future__ import annotations

import importlib.util
import os

BACKENDS = ("tensorflow", "torch", "jax")

if "KERAS_BACKEND" not in os.environ:
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    os.environ["KERAS_BACKEND"] = installed[0] if installed else BACKENDS[0]
