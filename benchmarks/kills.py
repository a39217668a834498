"""Whether a run that is killed at any moment goes on to the very files that it would have written.

    python benchmarks/kills.py [--kills 100]

Kills `faceannot label` with SIGKILL at random moments, half of them by the clock, half when so many photos are done,
and goes on with --resume, which is killed again one time in three. In turn the table is CSV, JSON, JSON Lines and
Parquet, every second one with annotated copies and crops. In the end each file has to be, byte for byte, that of a run
which nobody killed, and nothing else may be left. A run that ends before its kill does not count. `--seed` chooses
other moments. The photos are made here, some of them broken, and so are the models: it needs the extra `dev` alone.

Exit code 1 if anything differs. `--record` appends the result to benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from common import ROOT, parser, record

sys.path.insert(0, str(ROOT))
from tests import fakes

FORMATS = ("csv", "json", "jsonl", "parquet")
COMMAND = [sys.executable, "-m", "faceannot", "label", "photos", "--model", "bundle", "--quiet", "--batch-size", "4"]
# What a run ends with when some photos are broken, as they are here.
DONE = 3
KILLED = -9


@dataclass(frozen=True, slots=True)
class Kind:
    """What a run writes: the table's format, and whether also copies and crops."""

    suffix: str
    pictures: bool

    def arguments(self, folder: str) -> list[str]:
        pictures = ["--annotated", f"{folder}/out", "--crops", f"{folder}/crops"] if self.pictures else []
        return ["--out", f"{folder}/t.{self.suffix}", *pictures]


@dataclass(slots=True)
class Campaign:
    """One scratch folder with photos, and what happened in it."""

    scratch: Path
    photos: int
    moments: random.Random
    seconds: float = 1.0
    when: Counter[str] = field(default_factory=Counter)
    again: int = 0
    wrong: list[str] = field(default_factory=list)

    def whole(self, kind: Kind) -> Path:
        """The folder of a run that nobody killed."""
        folder = f"whole-{kind.suffix}-{kind.pictures}"
        if not (self.scratch / folder).exists():
            began = time.monotonic()
            code = self.start(kind, folder).wait()
            self.seconds = time.monotonic() - began
            if code != DONE:
                sys.exit(f"a run that nobody killed ended with {code}")
        return self.scratch / folder

    def start(self, kind: Kind, folder: str, *options: str) -> subprocess.Popen[bytes]:
        (self.scratch / folder).mkdir(exist_ok=True)
        command = [*COMMAND, *kind.arguments(folder), *options]
        return subprocess.Popen(command, cwd=self.scratch, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def one(self, kind: Kind, number: int) -> None:
        """Kill one run, and perhaps those that go on with it, until it is done; then compare."""
        whole, folder = self.whole(kind), f"run-{number}"
        while not self.killed(kind, folder):
            shutil.rmtree(self.scratch / folder)
        while self.moments.random() < 1 / 3 and self.killed(kind, folder, "--resume"):
            self.again += 1
        last = self.start(kind, folder, "--resume")
        _, said = last.communicate()
        found = differences(whole, self.scratch / folder)
        if last.returncode != DONE:
            found.append(f"--resume ended with {last.returncode}: {said.decode(errors='replace').strip()}")
        self.wrong += [f"run {number} ({kind}): {one}" for one in found]
        if not found:
            shutil.rmtree(self.scratch / folder)

    def killed(self, kind: Kind, folder: str, *options: str) -> bool:
        """Start a run and kill it; False where it was done before."""
        run = self.start(kind, folder, *options)
        journal = self.scratch / folder / f"t.{kind.suffix}.journal"
        if self.moments.random() < 0.5:
            self.wait(run, self.moments.uniform(0, self.seconds))
        else:
            enough = self.moments.randrange(self.photos + 1)
            while run.poll() is None and done_in(journal) < enough:
                time.sleep(0.001)
            self.wait(run, self.moments.uniform(0, 0.05))
        done = done_in(journal)
        run.kill()
        run.communicate()
        if run.returncode != KILLED:
            return False
        where = "before the first photo was done" if not done else "between the first and the last"
        self.when["after the last, before the end" if done >= self.good else where] += 1
        return True

    @property
    def good(self) -> int:
        return self.photos - len(broken(self.photos))

    @staticmethod
    def wait(run: subprocess.Popen[bytes], seconds: float) -> None:
        end = time.monotonic() + seconds
        while run.poll() is None and time.monotonic() < end:
            time.sleep(0.001)


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        campaign = Campaign(Path(scratch), options.photos, random.Random(options.seed))
        make(campaign.scratch, options.photos)
        for number in range(options.kills):
            # Formats in turn, and pictures with every second run of each.
            campaign.one(Kind(FORMATS[number % 4], (number // 4 + number) % 2 == 0), number)
    lines = report(campaign, options)
    print("\n".join(lines))
    if options.record:
        record("kills.py", lines)
    return 1 if campaign.wrong else 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("--kills", type=int, default=100, help="runs that are killed at least once")
    options.add_argument("--photos", type=int, default=60, help="photos of a run")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def make(scratch: Path, photos: int) -> None:
    """A bundle, and photos with up to three faces each."""
    fakes.bundle(scratch / "bundle")
    for number in range(photos):
        faces = [(3 * column + 1, 1, fakes.SAD_MALE) for column in range(number % 4)]
        path = fakes.save(fakes.photo(*faces, height=96), scratch / "photos" / f"{number:04}.png")
        if number in broken(photos):
            path.write_bytes(b"no photo")


def broken(photos: int) -> range:
    return range(5, photos, 13)


def done_in(journal: Path) -> int:
    """Photos that a journal has."""
    try:
        return max(0, journal.read_bytes().count(b"\n") - 1)
    except FileNotFoundError:
        return 0


def differences(whole: Path, other: Path) -> list[str]:
    """What is not the same in two folders."""
    wanted, found = files(whole), files(other)
    return [f"{name} differs" for name in sorted(wanted.keys() | found.keys()) if wanted.get(name) != found.get(name)]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def report(campaign: Campaign, options: argparse.Namespace) -> list[str]:
    moments = ", ".join(f"{count} {when}" for when, count in campaign.when.most_common())
    return [
        f"{options.kills} runs of {options.photos} photos, seed {options.seed}; "
        f"killed **{campaign.when.total()}** times, {campaign.again} of them while they went on",
        f"when: {moments}",
        f"files that differ from an uninterrupted run's, or are left over: **{len(campaign.wrong)}**",
        *campaign.wrong[:20],
    ]


if __name__ == "__main__":
    sys.exit(main())
