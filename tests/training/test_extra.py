"""What is said where a library for training is missing."""

from __future__ import annotations

import sys

import pytest

from faceannot.errors import FaceannotError
from faceannot.training.extra import require


def test_what_the_extra_brings_is_to_be_installed_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        FaceannotError, match=r"^training needs matplotlib, which is not installed: pip install 'faceannot\[train\]'$"
    ):
        require()


def test_a_backend_that_somebody_chose_is_to_be_installed_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Keras raises when its backend is missing; it cannot be imported twice in one process.
    monkeypatch.setenv("KERAS_BACKEND", "matplotlib")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(FaceannotError, match=r"^KERAS_BACKEND=matplotlib needs matplotlib, .* or leave it unset$"):
        require()
