"""A training that is killed at any moment ends with the weights of one that was not."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import pytest

from faceannot.training.recipe_files import changed, open_recipe
from faceannot.training.run import Order, train
from tests import fakes
from tests.training import tiny

# Draws of dropout, a schedule that counts steps and an optimiser with momenta: all that could be lost.
SETTINGS = (*tiny.QUICK, "epochs=14", "dropout=0.3", "decay=cosine", "early_stopping=9")
LIMIT_S = 200


@pytest.mark.parametrize("attempt", range(2))
def test_a_killed_training_ends_with_the_same_weights(attempt: int, tmp_path: Path) -> None:
    model, data = fakes.bundle(tmp_path / "model"), tiny.data(tmp_path / "data")
    recipe = changed(open_recipe("combined-simple"), SETTINGS)
    train(Order(recipe, data, tmp_path / "through", model=model), lambda moment: None)
    seed = time.time_ns()
    kill_at_random(tmp_path, data, model, random.Random(seed))
    kept = sorted(path.name for path in (tmp_path / "killed" / "steps").rglob("epoch-*"))
    train(Order(recipe, data, tmp_path / "killed", model=model, resume=True), lambda moment: None)
    through, killed = (keras.saving.load_model(tmp_path / name / "model.keras") for name in ("through", "killed"))
    for one, other in zip(through.get_weights(), killed.get_weights(), strict=True):
        assert abs(one - other).max() < 1e-6, f"killed with seed {seed} after {kept}"
    histories = [(tmp_path / name / "history.csv").read_text() for name in ("through", "killed")]
    assert histories[0].splitlines()[-1].split(",")[:2] == histories[1].splitlines()[-1].split(",")[:2]


def kill_at_random(folder: Path, data: list[str], model: Path, draws: random.Random) -> None:
    """Start the training as a command and kill it some epochs later, wherever it is then."""
    sources = [word for text in data for word in ("--data", text)]
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    out = folder / "killed"
    command = [sys.executable, "-m", "faceannot", "train", "combined-simple", "--out", out, "--model", model]
    process = subprocess.Popen([*command, *sources, *settings], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    # The first step's folders go when it is finished, so the second's count too.
    wanted, limit = draws.randint(1, 20), time.monotonic() + LIMIT_S
    while process.poll() is None and reached(out) < wanted and time.monotonic() < limit:
        time.sleep(0.005)
    time.sleep(draws.uniform(0.0, 0.2))
    still_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    assert still_running, said.decode()
    assert not (out / "bundle.json").exists()


def reached(out: Path) -> int:
    """Epochs that are done, in all steps."""
    finished = [len(json.loads(path.read_text())) for path in out.glob("steps/*/history.json")]
    running = [int(path.name.removeprefix("epoch-")) for path in out.glob("steps/*/epoch-*")]
    return sum(finished) + max(running, default=0)
