"""ONNX Runtime, with nothing sent to anybody."""

from __future__ import annotations

import os
from typing import Any


def onnxruntime() -> Any:
    """The module `onnxruntime`; everything here that needs it gets it from here.

    Since 1.29 its official Linux builds report each session to Microsoft, and keep an identifier and a database of
    reports in the home folder, unless this variable is set before it is imported. Who sets it themselves, to an empty
    value say, is let be.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime
