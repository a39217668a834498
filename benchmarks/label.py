"""How long labelling takes, in units of decoding the same files and doing nothing else.

    python benchmarks/label.py [FOLDER]

Makes photos of 12 megapixels from the photos in FOLDER (default ../shared/photos), then times in turns
  a  decoding them with Pillow in as many processes as the labeller uses, doing nothing else
  b  `faceannot label` on them, as a command of its own, its start included
and prints the ratio b / a of the medians, and the peak memory of b with all its processes.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice, repeat
from pathlib import Path

import numpy as np
from common import PHOTOS, parser, record, timed_run
from PIL import Image, ImageOps

from faceannot.defaults import usable_cpus

TARGET = 2.5
# Enlarged photos are smoother than a camera's; this noise (standard deviation, grey levels) gives a file the 3 MB or
# so, and the cost of decoding, of a phone's 12 megapixels.
NOISE = 3.0
QUALITY = 92


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of decoding alone and of labelling; peak memory of labelling in MiB."""

    decode_s: float
    label_s: float
    peak_mib: float | None


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch, "photos")
        files = make_photos(options.folder, folder, options.count, options.megapixels)
        rounds = []
        for number in range(1, options.repeat + 1):
            rounds.append(measure(files, Path(scratch, f"{number}.csv"), options.threads))
            print(f"round {number}: {rounds[-1]}", file=sys.stderr)
        megabytes = statistics.mean(file.stat().st_size for file in files) / 1e6
    lines = report(rounds, len(files), megabytes, options)
    print("\n".join(lines))
    if options.record:
        record("label.py", lines)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, nargs="?", default=PHOTOS, help="photos to make the test photos from")
    options.add_argument("--count", type=int, default=200, help="how many to make (200)")
    options.add_argument("--megapixels", type=float, default=12.0, help="how large (12)")
    options.add_argument("--repeat", type=int, default=3, help="rounds of a and b (3)")
    options.add_argument("--threads", type=int, default=usable_cpus(), help="processes of a, --threads of b (all)")
    options.add_argument("--keep", type=Path, metavar="DIR", help="make the photos there, and use them again")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def make_photos(source: Path, folder: Path, count: int, megapixels: float) -> list[Path]:
    """`count` JPEG files in `folder`, those that are there already as they are."""
    sources = sorted(path for path in source.iterdir() if path.suffix == ".jpg")
    if not sources:
        sys.exit(f"no .jpg in {source}")
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / f"{number:04}.jpg" for number in range(count)]
    with ProcessPoolExecutor(usable_cpus()) as pool:
        return list(pool.map(make_photo, islice(cycle(sources), count), targets, repeat(megapixels), range(count)))


def make_photo(source: Path, target: Path, megapixels: float, seed: int) -> Path:
    """`source` at the size of a camera's photo, written to `target` unless that exists; no two are equal."""
    if target.exists():
        return target
    with Image.open(source) as opened:
        photo = ImageOps.exif_transpose(opened).convert("RGB")
    factor = (megapixels * 1e6 / (photo.width * photo.height)) ** 0.5
    large = photo.resize((round(photo.width * factor), round(photo.height * factor)), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(seed).normal(0.0, NOISE, (large.height, large.width, 1)).astype(np.float32)
    grainy = np.clip(np.asarray(large, np.float32) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(grainy).save(target, quality=QUALITY)
    return target


def measure(files: list[Path], table: Path, threads: int) -> Round:
    photos = table.with_suffix(".txt")
    photos.write_text("".join(f"{file}\n" for file in files))
    began = time.perf_counter()
    with ProcessPoolExecutor(threads) as pool:
        decoded = sum(pool.map(decode, files))
    decode_s = time.perf_counter() - began
    command = [sys.executable, "-m", "faceannot", "label", f"@{photos}"]
    label_s, peak_mib = timed_run([*command, "--out", str(table), "--quiet", "--threads", str(threads)])
    with table.open(newline="", encoding="utf-8") as rows:
        labelled = {row["path"] for row in csv.DictReader(rows) if row["status"] != "error"}
    if decoded != len(files) or len(labelled) != len(files):
        sys.exit(f"not every photo was read: {decoded} decoded, {len(labelled)} labelled, of {len(files)}")
    return Round(decode_s, label_s, peak_mib)


def decode(file: Path) -> int:
    with Image.open(file) as photo:
        photo.convert("RGB").load()
    return 1


def report(rounds: list[Round], count: int, megabytes: float, options: argparse.Namespace) -> list[str]:
    decode_s = statistics.median(one.decode_s for one in rounds)
    label_s = statistics.median(one.label_s for one in rounds)
    peaks = [one.peak_mib for one in rounds if one.peak_mib is not None]
    spread = ", ".join(f"{one.label_s / one.decode_s:.2f}" for one in rounds)
    return [
        f"{count} photos of {options.megapixels:g} megapixels, {megabytes:.1f} MB each; threads: {options.threads}",
        f"decoding alone {decode_s:.1f} s, labelling {label_s:.1f} s ({count / label_s:.2f} photos a second)",
        f"ratio **{label_s / decode_s:.2f}** (rounds: {spread}; target at most {TARGET})",
        f"peak memory of labelling with all its processes: {max(peaks):.0f} MiB" if peaks else "peak memory: unknown",
    ]


if __name__ == "__main__":
    sys.exit(main())
