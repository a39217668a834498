"""Says in words what is missing where the libraries for training are not installed."""

from __future__ import annotations

import os

from faceannot.errors import FaceannotError


def require() -> None:
    """Raise `FaceannotError` unless Keras and its backend can be imported."""
    try:
        import keras  # noqa: F401
        import matplotlib  # noqa: F401
        import onnx  # noqa: F401
    except ModuleNotFoundError as error:
        backend = os.environ.get("KERAS_BACKEND")
        chosen = f", or choose another backend than KERAS_BACKEND={backend}" if backend else ""
        raise FaceannotError(
            f"training needs {error.name}, which is not installed: pip install 'faceannot[train]'{chosen}"
        ) from error
