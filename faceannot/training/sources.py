"""Gets the bundled models' source data sets ready: `python -m faceannot.training.sources DATA OUT --teacher FILE`.

DATA holds a folder for each data set, OUT gets `crops/` for the classifier and `faces/` for the detector. What is there
already is not made again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from faceannot.bundle import load_bundle
from faceannot.datasets import (
    affectnet_masked,
    affectnet_yolo,
    all_age_faces,
    everyday,
    ferplus,
    gender_folders,
    rafdb,
    utkface,
)
from faceannot.datasets.cleaning import clean
from faceannot.datasets.example import Example
from faceannot.datasets.prepare import prepare
from faceannot.training.detector import annotated_photos
from faceannot.training.detector.annotated_photos import AnnotatedPhoto
from faceannot.training.detector.close_ups import close_ups
from faceannot.training.detector.labelled_photos import LABELS, load_labelled
from faceannot.training.detector.labels import label_photos

# How many faces of the classifier's sources the detector learns from.
CLOSE_UPS = {"rafdb": 8000, "affectnet": 8000, "utkface": 6000, "all-age-faces": 5000, "ferplus": 4000}


def classifier_sources(data: Path) -> dict[str, Callable[[], Sequence[Example]]]:
    """Name to reader of what the classifier learns from."""
    identities = data / "gender58k-identities" / "identity_CelebA.txt"
    readers: dict[str, Callable[[], Iterator[Example]]] = {
        "rafdb": partial(rafdb.read, data / "rafdb"),
        "utkface": partial(utkface.read, data / "utkface"),
        "all-age-faces": partial(all_age_faces.read, data / "all-age-faces"),
        "affectnet": partial(affectnet_yolo.read, data / "affectnet-yolo"),
        "everyday": partial(everyday.read, data),
        "affectnet-masked": partial(affectnet_masked.read, data / "affectnet-masked"),
        "ferplus": partial(ferplus.read, data / "ferplus"),
        "gender58k": partial(gender_folders.read, data / "gender58k", identities),
    }
    return {name: partial(_cleaned, read) for name, read in readers.items()}


def _cleaned(read: Callable[[], Iterator[Example]]) -> Sequence[Example]:
    return clean(read()).examples


def detector_sources(data: Path, kept: frozenset[str]) -> dict[str, Callable[[], Iterator[AnnotatedPhoto]]]:
    """Name to reader of what the detector learns from; photos named in `kept` are left out."""
    photos: dict[str, Callable[[], Iterator[AnnotatedPhoto]]] = {
        "scenes": partial(annotated_photos.scenes, data / "scenes", kept),
        "street": partial(annotated_photos.street, data / "street"),
        "webfaces": partial(annotated_photos.webfaces, data / "webfaces"),
        "appa-real": partial(annotated_photos.appa_real, data / "appa-real"),
        "animals": partial(annotated_photos.animals, data / "animals"),
        "negatives": partial(annotated_photos.negatives, data / "negatives"),
    }
    faces = classifier_sources(data)
    return photos | {name: partial(_close_ups, faces[name], most) for name, most in CLOSE_UPS.items()}


def _close_ups(read_examples: Callable[[], Sequence[Example]], most: int) -> Iterator[AnnotatedPhoto]:
    return close_ups(read_examples(), most)


def main() -> None:
    options = _parse()
    workers = os.cpu_count() or 1
    detector = options.detector or load_bundle().detector
    for name, read_examples in classifier_sources(options.data).items():
        prepared = prepare(read_examples(), options.out / "crops" / name, detector, workers=workers)
        sys.stderr.write(f"{name}: {len(prepared.examples)} crops\n")
    for name, read_photos in detector_sources(options.data, _names(options.kept)).items():
        folder = options.out / "faces" / name
        if not (folder / LABELS).is_file():
            label_photos(read_photos(), options.teacher, folder, workers=workers)
        sys.stderr.write(f"{name}: {len(load_labelled(folder))} photos\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the data sets")
    parser.add_argument("out", type=Path, help="folder for what is made")
    parser.add_argument("--teacher", type=Path, required=True, help="YuNet's ONNX file")
    parser.add_argument("--detector", type=Path, help="ONNX file that aligns the crops (the bundled one)")
    parser.add_argument("--kept", type=Path, help="list that names in each line a photo kept for judging")
    return parser.parse_args()


def _names(listed: Path | None) -> frozenset[str]:
    """The last part of each line's path."""
    return frozenset(Path(line.strip()).name for line in listed.read_text().splitlines()) if listed else frozenset()


if __name__ == "__main__":
    main()
