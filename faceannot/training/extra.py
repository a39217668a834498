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
        raise FaceannotError(
            f"training needs {error.name}, which is not installed: pip install 'faceannot[train]'; "
            f"KERAS_BACKEND={os.environ.get('KERAS_BACKEND', '')} may name tensorflow, torch or jax, whichever there is"
        ) from error
