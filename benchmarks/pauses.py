"""How long a row takes to the disk while standard input stays open and nothing follows.

    python benchmarks/pauses.py [--annotated]

Gives a run of `faceannot label` one path with a face, waits for its row in the table, waits a moment, gives the next.
The first, which waits for the processes to start, does not count. The photos and the models are made here: it needs the
extra `dev` alone. Exit code 1 if one takes longer than 2 seconds. `--record` appends to benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, parser, record

sys.path.insert(0, str(ROOT))
from tests import fakes

TARGET_S = 2.0


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        seconds = measured(Path(scratch), options)
    lines = [
        f"{len(seconds)} photos one by one on standard input{', with annotated copies' if options.annotated else ''}",
        f"from the path to the row on disk: median {statistics.median(seconds):.2f} s, "
        f"longest **{max(seconds):.2f} s** (target at most {TARGET_S:g})",
    ]
    print("\n".join(lines))
    if options.record:
        record("pauses.py", lines)
    return 1 if max(seconds) > TARGET_S else 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("--photos", type=int, default=10)
    options.add_argument("--annotated", action="store_true", help="write annotated copies, too")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def measured(scratch: Path, options: argparse.Namespace) -> list[float]:
    fakes.bundle(scratch / "bundle")
    fakes.save(fakes.photo((1, 1, fakes.SAD_MALE)), scratch / "one.png")
    command = [sys.executable, "-m", "faceannot", "label", "-", "--model", "bundle", "--quiet", "--out", "t.csv"]
    command += ["--annotated", "out"] if options.annotated else []
    run = subprocess.Popen(command, cwd=scratch, stdin=subprocess.PIPE)
    assert run.stdin
    seconds = []
    for number in range(1, options.photos + 2):
        began = time.monotonic()
        run.stdin.write(b"one.png\n")
        run.stdin.flush()
        while lines_of(scratch / "t.csv") <= number:
            time.sleep(0.005)
            if run.poll() is not None:
                sys.exit(f"the run ended with {run.returncode}")
        seconds.append(time.monotonic() - began)
        time.sleep(0.5)
    run.communicate()
    return seconds[1:]


def lines_of(table: Path) -> int:
    return table.read_bytes().count(b"\n") if table.exists() else 0


if __name__ == "__main__":
    sys.exit(main())
