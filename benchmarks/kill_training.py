"""Whether a training that is killed again and again ends with the weights of one that was not.

    KERAS_BACKEND=torch python benchmarks/kill_training.py WORK KIND:PATH [KIND:PATH]... [--recipe NAME]

Trains the recipe (emotion-cnn) on the data to its end; then once more in another folder, with `kill -9` at random
moments and `--resume` after each; then compares every weight of the two. Exit code 1 if one differs.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
from common import ROOT, parser, record

WEIGHTS = "finished.weights.h5"


def main() -> int:
    options = parse()
    through, killed = options.work / "through", options.work / "killed"
    for folder in (through, killed):
        shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    started(options, through).check_returncode()
    taken = time.monotonic() - began
    kills = train_killed(options, killed, taken)
    largest = difference(through, killed)
    lines = [
        f"{options.recipe} on {' and '.join(text.partition(':')[0] for text in options.data)}, "
        f"Keras on {os.environ.get('KERAS_BACKEND', 'the default backend')}: {kills} kills at random moments "
        f"(seed {options.seed}), largest difference of a weight {largest:g}"
    ]
    print("\n".join(lines))
    if options.record:
        record("kill_training.py", lines)
    return 1 if largest else 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("work", type=Path, help="folder for the trainings")
    options.add_argument("data", nargs="+", metavar="KIND:PATH", help="a source data set to train on")
    options.add_argument("--recipe", default="emotion-cnn", help="name of the recipe (emotion-cnn)")
    options.add_argument("--set", dest="settings", action="append", default=[], help="change the recipe: epochs=3")
    options.add_argument("--kills", type=int, default=8, help="how often to kill (8)")
    options.add_argument("--seed", type=int, default=1, help="of the random moments (1)")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def command(options: argparse.Namespace, out: Path) -> list[str]:
    words = [sys.executable, "-m", "faceannot", "train", options.recipe, "--out", str(out), "--quiet"]
    words += [word for text in options.data for word in ("--data", text)]
    words += [word for text in options.settings for word in ("--set", text)]
    return [*words, "--resume"] if out.is_dir() else words


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}


def started(options: argparse.Namespace, out: Path, limit_s: float | None = None) -> subprocess.CompletedProcess[bytes]:
    """Train until the end or, with `limit_s`, until the process is killed."""
    return subprocess.run(command(options, out), env=environment(), timeout=limit_s, stdout=subprocess.DEVNULL)


def train_killed(options: argparse.Namespace, out: Path, taken_s: float) -> int:
    """Train into `out`, killed up to `options.kills` times while it works; how often it was."""
    draws, kills = random.Random(options.seed), 0
    while kills < options.kills:
        try:
            # subprocess kills with SIGKILL when the time is over.
            started(options, out, draws.uniform(0.1, 0.8) * taken_s).check_returncode()
            return kills
        except subprocess.TimeoutExpired:
            kills += 1
    started(options, out).check_returncode()
    return kills


def difference(one: Path, other: Path) -> float:
    """The largest difference between two weights of the same place in any step of the two trainings."""
    files = sorted(one.glob(f"steps/*/{WEIGHTS}"))
    if not files:
        sys.exit(f"{one}: no {WEIGHTS}")
    return max(_difference(file, other / file.relative_to(one)) for file in files)


def _difference(one: Path, other: Path) -> float:
    found: list[float] = [0.0]
    with h5py.File(one, "r") as a, h5py.File(other, "r") as b:

        def compare(name: str, value: object) -> None:
            if isinstance(value, h5py.Dataset):
                found.append(float(np.abs(value[()].astype(np.float64) - b[name][()]).max(initial=0.0)))

        a.visititems(compare)
    return max(found)


if __name__ == "__main__":
    sys.exit(main())
