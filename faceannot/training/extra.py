"""Says in words what is missing where the libraries for training are not installed."""

from __future__ import annotations

import os

from faceannot.errors import FaceannotError


def require() -> None:
    """Raise `FaceannotError` unless Keras, its backend and what draws and exports can be imported."""
    try:
        import keras  # noqa: F401
        import matplotlib  # noqa: F401
        import onnx  # noqa: F401
    except ModuleNotFoundError as error:
        raise FaceannotError(_advice(error.name or "")) from error


def _advice(missing: str) -> str:
    if missing == os.environ.get("KERAS_BACKEND"):
        return f"KERAS_BACKEND={missing} needs {missing}, which is not installed: install it, or leave it unset"
    return f"training needs {missing}, which is not installed: pip install 'faceannot[train]'"
