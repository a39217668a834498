"""Crops that a small network learns in seconds: women are red, happy faces are bright below."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from faceannot.datasets.example import one_hot
from faceannot.datasets.prepare import CROP_PX

SPLITS = ("train", "train", "train", "validation", "test")


def prepared(folder: Path, *, kind: str, count: int = 40, source: str = "") -> Path:
    """A folder of prepared crops with `kind` of labels: `gender`, `emotion` or `both`; `source` is called so too."""
    random = np.random.default_rng(len(kind))
    crops = random.integers(0, 60, (count, CROP_PX, CROP_PX, 3), dtype=np.uint8)
    rows = []
    for number in range(count):
        female, happy = number % 2 == 1, number // 2 % 2 == 1
        crops[number, :, :, 0] += 90 * female
        crops[number, CROP_PX // 2 :] += 100 * happy
        gender = ("female" if female else "male") if kind != "emotion" else ""
        expression = json.dumps(one_hot("happy" if happy else "sad")) if kind != "gender" else ""
        split = SPLITS[number // 4 % len(SPLITS)]
        rows.append((source or kind, f"{number}.png", f"{number}.png", split, gender, expression, "", "", ""))
    folder.mkdir(parents=True)
    np.save(folder / "crops.npy", crops)
    with (folder / "examples.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "name", "path", "split", "gender", "expression", "age", "ethnicity", "subject"))
        writer.writerows(rows)
    return folder


def data(folder: Path) -> list[str]:
    """A source with genders and one with emotions, as `--data` takes them."""
    return [f"prepared:{prepared(folder / kind, kind=kind)}" for kind in ("gender", "emotion")]


QUICK = ("side_px=16", "epochs=3", "batch=8", "network.widths=[4, 8]", "dense=8", "learning_rate=0.01")
