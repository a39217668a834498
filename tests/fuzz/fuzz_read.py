"""A coverage-guided fuzz target (atheris) on reading: any bytes are a picture or a PhotoError with a reason.

    python tests/fuzz/fuzz_read.py [-max_total_time=60] [-seed=1] [CORPUS]

Options are libFuzzer's. What is found lands in a file `crash-...`, which the same command reads again when it is named.
Begins with small pictures in every format and with cut and damaged ones, all made here.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

with atheris.instrument_imports(include=["PIL", "faceannot.images", "faceannot.formats"]):
    from PIL import (  # noqa: F401
        AvifImagePlugin,
        BmpImagePlugin,
        GifImagePlugin,
        JpegImagePlugin,
        MpoImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    from faceannot import images
    from faceannot.errors import PhotoError

MAX_SIDE = 64
# Pictures between this and the real limit would take seconds each.
MOST_PIXELS = 1_000_000
LONGEST_REASON = 250


def one(content: bytes) -> None:
    """Raises whatever is not as it should be."""
    try:
        picture = images.read(content, max_side=MAX_SIDE)
    except PhotoError as error:
        reason = str(error)
        assert reason.strip(), "an error without a reason"
        assert "\n" not in reason, f"a reason of several lines: {reason!r}"
        assert len(reason) <= LONGEST_REASON, f"a reason without an end: {reason!r}"
        return
    height, width, channels = picture.rgb.shape
    assert channels == 3
    assert 0 < max(height, width) <= MAX_SIDE
    assert picture.scale >= 1.0


def write_corpus(folder: Path) -> None:
    """What fuzzing begins with."""
    from mutations import Campaign, small_sources

    small = small_sources([])
    for number, source in enumerate(small):
        (folder / f"whole-{number}").write_bytes(source.content)
    campaign = Campaign([], small, seed=1)
    for number in range(100):
        (folder / f"damaged-{number}").write_bytes(campaign.mutant(number).content)


def main() -> None:
    images.MAX_PIXELS = MOST_PIXELS
    with tempfile.TemporaryDirectory() as folder:
        # A file that is named is read alone, to see a find again.
        if not any(Path(argument).is_file() for argument in sys.argv[1:]):
            write_corpus(Path(folder))
            sys.argv.append(folder)
        atheris.Setup(sys.argv, one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
