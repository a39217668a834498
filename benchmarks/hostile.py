"""Whether any file can crash, hang or exhaust `faceannot label`, or be lost, or go without a reason.

    python benchmarks/hostile.py [FOLDER ...] [--count 50000] [--annotated] [--record]

Labels, as one run of the command does and with the bundled models,
  a  every file in each FOLDER, whatever its name: the test images of Pillow and libvips, say, from their packages
       pip download --no-binary :all: --no-deps pillow && tar -xf pillow-*.tar.gz
       apt-get source vips
  b  COUNT hostile copies of the photos in --photos (default ../shared/photos) and of a small generated one, in every
     format: cut at each kilobyte, damaged, inflated, given another file's header or suffix. File number n is the same
     for the same --seed; `--first N` goes on at that number.
and says how many there were of each kind, which reasons were given, what was slowest and how much memory was in use.
Exit code 1 when a file has not just its rows, an error has no reason, something is printed that only a programmer would
understand, a given file changed, or more than --most-memory was in use.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import TextIO

from common import PHOTOS, memory_watched, parser, record
from mutations import Campaign, from_photos, small_sources

from faceannot import _worker_process
from faceannot._worker_process import WorkerProcess
from faceannot.annotator import Annotator
from faceannot.defaults import usable_cpus
from faceannot.errors import PhotoError
from faceannot.images import Picture
from faceannot.inputs import Photo
from faceannot.labelling import Outputs, label
from faceannot.outputs.names import escape

PROGRESS_EVERY = 1000
_NUMBER = re.compile(r"-?\d[\d.,]*")
_KIND = re.compile(r"\d+-([a-z0-9-]+)")


@dataclass(slots=True)
class Watch:
    """What happens while reading: how often a process is started, and which file took longest."""

    starts: int = 0
    slowest: tuple[float, str] = (0.0, "")
    lock: Lock = field(default_factory=Lock)

    def read(self, seconds: float, source: Path | bytes) -> None:
        with self.lock:
            self.slowest = max(self.slowest, (seconds, Path(source).name if isinstance(source, Path) else "bytes"))

    def started(self) -> None:
        with self.lock:
            self.starts += 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `names`: the files in order. `rows`: the table. `noise`: what was printed meanwhile."""

    names: list[str]
    rows: list[dict[str, str]]
    watch: Watch
    seconds: float
    peak_mib: float
    noise: str
    changed: list[str]


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        outcome = run(options, Path(scratch))
    faults = list(faults_of(outcome, options.most_memory))
    lines = report(outcome, options)
    for reason, count in reasons_of(outcome.rows).most_common():
        print(f"{count:7} {reason}", file=sys.stderr)
    print("\n".join([*lines, *(f"FAULT: {fault}" for fault in faults)]))
    if options.record and not faults:
        record("hostile.py", lines)
    return 1 if faults else 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("folders", type=Path, nargs="*", help="folders of test images")
    options.add_argument("--photos", type=Path, default=PHOTOS, help="photos to make hostile copies of")
    options.add_argument("--count", type=int, default=1000, help="how many copies (1000)")
    options.add_argument("--first", type=int, default=0, help="number of the first copy (0)")
    options.add_argument("--seed", type=int, default=1, help="another seed makes other copies (1)")
    options.add_argument("--timeout", type=float, default=60.0, help="seconds for reading one file, as of label (60)")
    options.add_argument("--threads", type=int, default=usable_cpus(), help="as of label (all)")
    options.add_argument("--annotated", action="store_true", help="write annotated copies and crops, too")
    options.add_argument("--most-memory", type=float, default=8192, metavar="MIB", help="of all processes (8192)")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def run(options: argparse.Namespace, scratch: Path) -> Outcome:
    files = sorted(path for folder in options.folders for path in folder.rglob("*") if path.is_file())
    before = [state(path) for path in files]
    outputs = Outputs(
        scratch / "rows.csv",
        "csv",
        annotated=scratch / "annotated" if options.annotated else None,
        crops=scratch / "crops" if options.annotated else None,
    )
    annotator = Annotator(timeout_s=options.timeout, threads=options.threads)
    names: list[str] = []
    with watched() as watch, silenced(scratch / "noise.txt") as terminal, memory_watched(os.getpid()) as memory:
        began = time.perf_counter()
        label(annotator, given(files, options, scratch, names), outputs, seen=Done(scratch, names, terminal))
        seconds = time.perf_counter() - began
    with (scratch / "rows.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    changed = [str(path) for path, old in zip(files, before, strict=True) if state(path) != old]
    noise = (scratch / "noise.txt").read_text(errors="replace")
    return Outcome(names, rows, watch, seconds, memory.mib or 0.0, noise, changed)


def state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def given(files: list[Path], options: argparse.Namespace, scratch: Path, names: list[str]) -> Iterator[Photo]:
    """All files, each copy written just before it is read; `names` gets the name of each."""
    for number, path in enumerate(files):
        names.append(f"suite/{number}/{path.name}")
        yield Photo(names[-1], path)
    photos = sorted(options.photos.glob("*.jpg"))
    campaign = Campaign(from_photos(photos), small_sources(photos), options.seed)
    for number in range(options.first, options.first + options.count):
        mutant = campaign.mutant(number)
        names.append(f"{number}-{mutant.kind}{mutant.suffix}")
        (scratch / names[-1]).write_bytes(mutant.content)
        yield Photo(names[-1], scratch / names[-1])


class Done:
    """Called after each file, in order: deletes what was made for the run, and says how far it is."""

    def __init__(self, scratch: Path, names: list[str], terminal: TextIO) -> None:
        self._scratch, self._names, self._terminal = scratch, names, terminal
        self._began, self._count = time.perf_counter(), 0

    def __call__(self, _: object) -> None:
        (self._scratch / self._names[self._count]).unlink(missing_ok=True)
        self._count += 1
        if self._count % PROGRESS_EVERY == 0:
            rate = self._count / (time.perf_counter() - self._began)
            print(f"{self._count} files, {rate:.0f} a second", file=self._terminal, flush=True)


@contextmanager
def watched() -> Iterator[Watch]:
    """Look on while worker processes are started and asked."""
    watch, read, start = Watch(), WorkerProcess.read, _worker_process._start

    def timed(worker: WorkerProcess, source: Path | bytes) -> Picture | PhotoError:
        began = time.perf_counter()
        try:
            return read(worker, source)
        finally:
            watch.read(time.perf_counter() - began, source)

    def counted(block_file: int) -> tuple[subprocess.Popen[bytes], Connection]:
        watch.started()
        return start(block_file)

    WorkerProcess.read, _worker_process._start = timed, counted  # type: ignore[method-assign]
    try:
        yield watch
    finally:
        WorkerProcess.read, _worker_process._start = read, start  # type: ignore[method-assign]


@contextmanager
def silenced(file: Path) -> Iterator[TextIO]:
    """Send what this process and those that it starts print on standard error to `file`; gives the terminal."""
    terminal = os.dup(2)
    try:
        with file.open("wb") as noise, os.fdopen(os.dup(terminal), "w") as spoken:
            os.dup2(noise.fileno(), 2)
            yield spoken
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def faults_of(outcome: Outcome, most_memory: float) -> Iterator[str]:
    given_rows = [path for path, _ in groupby(outcome.rows, key=lambda row: row["path"])]
    if given_rows != [escape(name) for name in outcome.names]:
        missing = {escape(name) for name in outcome.names} - set(given_rows)
        yield f"rows are not those of the files, in order: {len(missing)} missing, such as {sorted(missing)[:3]}"
    for row in outcome.rows:
        reason = row["error"]
        if (row["status"] == "error") != bool(reason.strip()) or "\n" in reason:
            yield f"{row['path']}: status {row['status']}, reason {reason!r}"
        if "Error" in reason or "Traceback" in reason:
            yield f"{row['path']}: no reason for people: {reason}"
    if outcome.noise:
        yield f"something was printed: {outcome.noise[-2000:]}"
    yield from (f"{path} changed" for path in outcome.changed)
    if outcome.peak_mib > most_memory:
        yield f"{outcome.peak_mib:.0f} MiB were in use, more than {most_memory:.0f}"


def reasons_of(rows: list[dict[str, str]]) -> Counter[str]:
    """How often each reason was given, with # for every number in it."""
    return Counter(_NUMBER.sub("#", row["error"]) for row in rows if row["error"])


def report(outcome: Outcome, options: argparse.Namespace) -> list[str]:
    statuses = {row["path"]: row["status"] for row in outcome.rows}
    counts = Counter(statuses.values())
    kinds = Counter(match[1] for name in outcome.names if (match := _KIND.match(name)))
    reasons = reasons_of(outcome.rows)
    crashed = sum(count for reason, count in reasons.items() if reason.startswith("reading crashed"))
    late = sum(count for reason, count in reasons.items() if reason.startswith("took longer"))
    suite = sum(name.startswith("suite/") for name in outcome.names)
    return [
        f"{len(outcome.names)} files: {suite} test images, {sum(kinds.values())} hostile copies "
        f"(seed {options.seed}, from number {options.first}; {len(kinds)} kinds); time limit {options.timeout:g} s",
        f"ok {counts['ok']}, no face {counts['no_face']}, error {counts['error']}; every file has its rows, in order",
        f"different reasons: **{len(reasons)}** (numbers in them aside)",
        f"reading processes replaced: {outcome.watch.starts - min(options.threads, len(outcome.names))} "
        f"(crashed: {crashed} files, too slow: {late})",
        f"slowest to read: {outcome.watch.slowest[0]:.1f} s ({outcome.watch.slowest[1]})",
        f"peak memory of all processes: **{outcome.peak_mib:.0f} MiB** (bound {options.most_memory:.0f})",
        f"{outcome.seconds:.0f} s, {len(outcome.names) / outcome.seconds:.0f} files a second; "
        f"threads: {options.threads}{'; with annotated copies and crops' if options.annotated else ''}",
    ]


if __name__ == "__main__":
    sys.exit(main())
