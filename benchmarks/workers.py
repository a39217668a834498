"""What reading in worker processes costs or saves: the same photos read with them and without.

    python benchmarks/workers.py [FOLDER]

Makes photos of 12 megapixels as label.py does, then reads them in turns, with nothing else going on,
  a  in threads of one process, as many as there are processors
  b  in as many worker processes, which are replaced when they crash or hang, as labelling does
and prints the ratio b / a of the medians, in seconds of processor time, the start of the processes included. Not by the
clock: Linux gives the processes of a session of their own, such as the workers, a larger share of a busy machine.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import PHOTOS, parser, record
from label import make_photos

from faceannot import images
from faceannot.annotator import READ_SIDE_PX
from faceannot.defaults import usable_cpus
from faceannot.inputs import Photo
from faceannot.readers import ReaderPool


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        files = make_photos(options.folder, Path(scratch), options.count, options.megapixels)
        files *= options.times
        rounds = [(without_workers(files), with_workers(files)) for _ in range(options.repeat)]
    lines = report(rounds, options)
    print("\n".join(lines))
    if options.record:
        record("workers.py", lines)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, nargs="?", default=PHOTOS, help="photos to make the test photos from")
    options.add_argument("--count", type=int, default=60, help="how many to make (60)")
    options.add_argument("--megapixels", type=float, default=12.0, help="how large (12)")
    options.add_argument("--times", type=int, default=5, help="how often to read each in a round (5)")
    options.add_argument("--repeat", type=int, default=5, help="rounds of a and b (5)")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def without_workers(files: list[Path]) -> float:
    began = processor_s()
    with ThreadPoolExecutor(usable_cpus()) as threads:
        used(threads.map(lambda file: images.read(file, max_side=READ_SIDE_PX), files))
    return processor_s() - began


def with_workers(files: list[Path]) -> float:
    began = processor_s()
    with ReaderPool(usable_cpus(), max_side=READ_SIDE_PX) as pool:
        used(outcome for _, outcome in pool.read(Photo(file.name, file) for file in files))
    return processor_s() - began


def processor_s() -> float:
    """What this process and those of its children that have ended took."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def used(outcomes: Iterable[object]) -> None:
    if not all(isinstance(outcome, images.Picture) for outcome in outcomes):
        sys.exit("not every photo was read")


def report(rounds: list[tuple[float, float]], options: argparse.Namespace) -> list[str]:
    without, within = (statistics.median(times) for times in zip(*rounds, strict=True))
    spread = ", ".join(f"{b / a:.2f}" for a, b in rounds)
    return [
        f"{options.times} times {options.count} photos of {options.megapixels:g} megapixels; "
        f"{usable_cpus()} threads or processes",
        f"processor time without worker processes {without:.1f} s, with them {within:.1f} s",
        f"ratio **{within / without:.2f}** (rounds: {spread})",
    ]


if __name__ == "__main__":
    sys.exit(main())
