"""Whether memory stays the same over a great many paths.

    python benchmarks/many.py [--paths 1000000] [--annotated]

Gives `faceannot label` that many paths on standard input, all different, which lead through links to four small photos,
and writes JSON Lines to a file, with the journal beside it. The memory of the command and its processes, without that of
program files, is looked at after every tenth of them. The photos and the models are made here: it needs the extra `dev`
alone.

Exit code 1 if memory grew by more than 5 MiB, or the table has not each path once, in order. The first tenth does not
count: caches fill there. `--record` appends the result to benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from common import ROOT, memory_mib, parser, record

sys.path.insert(0, str(ROOT))
from tests import fakes

TENTHS = 10
MOST_GROWTH_MIB = 5
NAMES = ("none.png", "one.png", "two.png", "broken.png")


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        make(scratch)
        seconds, memory = measured(scratch, options)
        problem = mistake(scratch / "t.jsonl", options.paths)
        megabytes = (scratch / "t.jsonl").stat().st_size / 1e6
    growth = max(memory[1:]) - memory[0]
    lines = report(options.paths, seconds, memory, megabytes, growth)
    print("\n".join([*lines, *([problem] if problem else [])]))
    if options.record:
        record("many.py", lines)
    return 1 if problem or growth > MOST_GROWTH_MIB else 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("--paths", type=int, default=1_000_000)
    options.add_argument("--annotated", action="store_true", help="write annotated copies, too, over one another")
    options.add_argument("--threads", type=int, default=2, help="threads of the command")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def make(scratch: Path) -> None:
    """A bundle, four photos, and ten links that lead nowhere else, so that `4/0/7/one.png` is a photo, too."""
    fakes.bundle(scratch / "bundle")
    for count, name in enumerate(NAMES[:3]):
        faces = [(3 * column + 1, 0, fakes.SAD_MALE) for column in range(count)]
        fakes.save(fakes.photo(*faces, height=32), scratch / name)
    (scratch / NAMES[3]).write_bytes(b"no photo")
    for digit in range(10):
        (scratch / str(digit)).symlink_to(".")


def paths(count: int) -> Iterator[str]:
    for number in range(count):
        yield "/".join([*str(number), NAMES[number % len(NAMES)]])


def measured(scratch: Path, options: argparse.Namespace) -> tuple[float, list[float]]:
    """Seconds, and the memory after each tenth."""
    command = [sys.executable, "-m", "faceannot", "label", "-", "--model", "bundle", "--quiet", "--out", "t.jsonl"]
    command += ["--threads", str(options.threads), *(["--annotated", "out"] if options.annotated else [])]
    began = time.monotonic()
    run = subprocess.Popen(command, cwd=scratch, stdin=subprocess.PIPE)
    assert run.stdin
    threading.Thread(target=feed, args=(run.stdin, options.paths), daemon=True).start()
    memory: list[float] = []
    with Rows(scratch / "t.jsonl") as rows:
        # The last look comes a little before the end, while the processes are still there.
        for tenth in range(1, TENTHS + 1):
            enough = options.paths * tenth // TENTHS - options.paths // 100
            while rows.count() < enough and run.poll() is None:
                time.sleep(0.05)
            memory.append(memory_mib(run.pid, own=True))
            print(f"{rows.count():,} photos, {time.monotonic() - began:.0f} s: {memory[-1]:.0f} MiB", file=sys.stderr)
    if run.wait() != 3:
        sys.exit(f"the run ended with {run.returncode}")
    return time.monotonic() - began, memory


def feed(stream: BinaryIO, count: int) -> None:
    with stream:
        for path in paths(count):
            stream.write(f"{path}\n".encode())


class Rows:
    """Counts the lines of a file that is being written."""

    def __init__(self, path: Path) -> None:
        while not path.exists():
            time.sleep(0.05)
        self._file = path.open("rb")
        self._count = 0

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def count(self) -> int:
        while chunk := self._file.read(1 << 20):
            self._count += chunk.count(b"\n")
        return self._count


def mistake(table: Path, count: int) -> str | None:
    """What is wrong with the table: each path once, in order, with its faces."""
    with table.open(encoding="utf-8") as lines:
        found = 0
        for path, line in zip(paths(count), lines, strict=False):
            row = json.loads(line)
            wanted = (path, {"none.png": 0, "one.png": 1, "two.png": 2}.get(Path(path).name))
            if (row["path"], None if row["error"] else len(row["faces"])) != wanted:
                return f"wrong row {found + 1}: {line.strip()}"
            found += 1
        return None if found == count and not next(lines, None) else f"the table has not {count:,} rows"


def report(count: int, seconds: float, memory: list[float], megabytes: float, growth: float) -> list[str]:
    looks = ", ".join(f"{mib:.0f}" for mib in memory)
    rate = count / seconds
    return [
        f"{count:,} paths on standard input, {seconds:.0f} s ({rate:.0f} a second); table {megabytes:.0f} MB",
        f"memory of all processes, without program files, after each tenth: {looks} MiB",
        f"growth after the first tenth: **{growth:.1f} MiB** (target at most {MOST_GROWTH_MIB})",
    ]


if __name__ == "__main__":
    sys.exit(main())
