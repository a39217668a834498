"""How large the core install is, and how long the command takes to start.

    python benchmarks/size.py [PHOTO]

Installs the checkout without extras into a new virtual environment (this needs the network) and prints the size of
what that put there (pip itself left out), the largest packages, and the times of `faceannot --help` and of labelling
PHOTO (default: the first of ../shared/photos), each the median of five runs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from common import PHOTOS, ROOT, parser, record, timed_run

RUNS = 5
LARGEST = 6


def main() -> int:
    options = parse()
    photo = options.photo or min(PHOTOS.glob("*.jpg"), default=None)
    if photo is None:
        sys.exit("name a photo: ../shared/photos has none")
    with tempfile.TemporaryDirectory() as scratch:
        command = install(Path(scratch, "env"))
        lines = [size(Path(scratch, "env")), *times(command, photo, Path(scratch, "labels.csv"))]
    print("\n".join(lines))
    if options.record:
        record("size.py", lines)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("photo", type=Path, nargs="?", help="the photo to label")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def install(folder: Path) -> Path:
    """A virtual environment with the core install; gives the path of its `faceannot`."""
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", ROOT], check=True)
    return programs / "faceannot"


def size(folder: Path) -> str:
    packages = next(folder.rglob("site-packages"))
    weights = {
        entry.name: sum(file.stat().st_size for file in (entry, *entry.rglob("*")) if file.is_file()) / 1e6
        for entry in packages.iterdir()
        if not entry.name.startswith("pip")
    }
    largest = sorted(weights, key=weights.__getitem__, reverse=True)[:LARGEST]
    named = ", ".join(f"{name} {weights[name]:.0f}" for name in largest)
    return f"core install: **{sum(weights.values()):.0f} MB** ({named})"


def times(command: Path, photo: Path, table: Path) -> list[str]:
    runs: dict[str, list[str | Path]] = {
        "faceannot --help": [command, "--help"],
        "faceannot label, one photo": [command, "label", photo, "--out", table, "--overwrite", "--quiet"],
    }
    return [f"{name}: {median_s(arguments):.2f} s" for name, arguments in runs.items()]


def median_s(command: list[str | Path]) -> float:
    # The first run compiles and fills the file cache.
    timed_run(command)
    return statistics.median(timed_run(command)[0] for _ in range(RUNS))


if __name__ == "__main__":
    sys.exit(main())
