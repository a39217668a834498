"""What labelling does unless it is told otherwise; light, so that `--help` can name it."""

from __future__ import annotations

import os

# Faces of about 10 photos. A smaller batch goes when a photo arrives after its first face has waited for a second, and
# at the end: until then the rows of the last photos of an input that pauses are not there yet.
BATCH_SIZE = 32
# Smaller faces are found seldom, and nobody could say what they show.
SMALLEST_FACE_PX = 10
# A decoder that needs longer hangs; the slowest good photo (300 megapixels) takes some 10 seconds.
TIMEOUT_S = 60.0


def usable_cpus() -> int:
    """The processors that this process may use, which on a shared machine are fewer than it has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
