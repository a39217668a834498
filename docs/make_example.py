"""Makes docs/annotated-example.jpg, the README's picture, with the bundled models.

    python -m pip install matplotlib scikit-image
    python docs/make_example.py

It is two official portraits side by side, both works of the United States government and in the public domain: Eileen
Collins (NASA), which scikit-image ships, and Grace Hopper (U.S. Navy), which matplotlib ships.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

PORTRAITS = {"skimage": "data/astronaut.png", "matplotlib": "mpl-data/sample_data/grace_hopper.jpg"}
TARGET = Path(__file__).with_name("annotated-example.jpg")
HEIGHT_PX = 600


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        photo = Path(scratch, "portraits.jpg")
        side_by_side([portrait(*where) for where in PORTRAITS.items()]).save(photo, quality=95)
        label = [sys.executable, "-m", "faceannot", "label", str(photo), "--annotated", str(Path(scratch, "out"))]
        subprocess.run(label, check=True)
        annotated = next(file for file in Path(scratch, "out").rglob("*") if file.is_file())
        Image.open(annotated).convert("RGB").save(TARGET, quality=85)


def portrait(package: str, name: str) -> Image.Image:
    """One of the portraits, at the height of the picture."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"{package} is not installed: see the top of this file")
    opened = Image.open(Path(spec.origin).parent / name).convert("RGB")
    return opened.resize((round(opened.width * HEIGHT_PX / opened.height), HEIGHT_PX), Image.Resampling.LANCZOS)


def side_by_side(portraits: list[Image.Image]) -> Image.Image:
    picture = Image.new("RGB", (sum(one.width for one in portraits), HEIGHT_PX))
    left = 0
    for one in portraits:
        picture.paste(one, (left, 0))
        left += one.width
    return picture


if __name__ == "__main__":
    main()
