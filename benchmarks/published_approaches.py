"""The published approaches beside our bundled model: everything from the archives to published-approaches.md.

    python benchmarks/published_approaches.py DATA WORK

DATA has a folder for each archive: `gender58k` and `gender58k-identities`, `rafdb`, `utkface`, `happy-house`.
In WORK it
  1  makes a training file like the published one of 600 happy and sad faces, from RAF-DB, of men alone
  2  trains the ten published recipes on that and on the 58,658 set, each to its end
  3  judges them and the bundled model on the same test faces and writes published-approaches.md beside this script
What is finished in WORK is not done again. What people wrote in that file from `## What it teaches` on, stays.
`--short N` trains what learns from the 58,658 set for N epochs (with early stopping: for 3 N at most); what learns from
the emotion data alone takes its time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from common import ROOT, parser

from faceannot.training.recipe_files import RecipeFile, changed, open_recipe

TARGET = Path(__file__).with_name("published-approaches.md")
LESSONS = "## What it teaches"
RECIPES = (
    "gender-cnn",
    "emotion-cnn",
    "combined-simple",
    "combined-early-stopping",
    "combined-class-weights",
    "combined-undersampling",
    "combined-oversampling",
    "cross-label",
    "transfer",
    "multitask",
)
# Paths are inside WORK, so that the command in the file is the same everywhere; `data` leads to DATA.
HAPPY = "train_happy.h5"
PEOPLE = "gender-folders:data/gender58k?identities=data/gender58k-identities/identity_CelebA.txt"
TRAIN_DATA = (PEOPLE, f"happy-h5:{HAPPY}")
TEST_DATA = ("utkface:data/utkface", PEOPLE, "rafdb:data/rafdb", "happy-h5:data/happy-house")
TABLES, REPORT, FIGURES = "tables.md", "report.html", "figures.json"


def main() -> int:
    options = parse()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    link(work / "data", options.data.resolve())
    recipes = [written(shortened(open_recipe(name), options.short), work) for name in RECIPES]
    for command in commands(recipes, options.size, is_made=(work / HAPPY).is_file()):
        print(f"faceannot {' '.join(command)}", file=sys.stderr)
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-m", "faceannot", *command], cwd=work, env=os.environ | {"PYTHONPATH": paths}
        )
        if done.returncode:
            return done.returncode
    old = options.target.read_text(encoding="utf-8") if options.target.is_file() else ""
    tables = (work / TABLES).read_text(encoding="utf-8")
    options.target.write_text(composed(tables, old, options.short), encoding="utf-8")
    print(f"{options.target}, and with its plots {work / REPORT}", file=sys.stderr)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("data", type=Path, help="folder of the archives")
    options.add_argument("work", type=Path, help="folder for trainings and reports")
    options.add_argument("--size", type=int, default=600, help="pictures in the happy and sad training file (600)")
    options.add_argument("--short", type=int, metavar="N", help="epochs on the 58,658 set (as the recipes say)")
    options.add_argument("--target", type=Path, default=TARGET, help="file to write (published-approaches.md here)")
    return options.parse_args()


def link(place: Path, data: Path) -> None:
    if not place.is_symlink():
        place.symlink_to(data, target_is_directory=True)
    if place.resolve() != data:
        sys.exit(f"{place} leads to {place.resolve()}: take another WORK for other archives")


def shortened(recipe: RecipeFile, epochs: int | None) -> RecipeFile:
    """`recipe` with `epochs` for each step that learns from more than the emotion data."""
    if epochs is None:
        return recipe
    steps = [step for step in recipe.table["steps"] if step["learns_from"] != "emotion"]
    most = {step["name"]: epochs * (3 if step.get("early_stopping") else 1) for step in steps}
    return changed(recipe, [f"steps.{name}.epochs={count}" for name, count in most.items()])


def written(recipe: RecipeFile, folder: Path) -> str:
    """The name of the file in `folder` that now holds `recipe`."""
    name = f"{recipe.table['name']}.toml"
    (folder / name).write_text(recipe.text, encoding="utf-8")
    return name


def commands(recipes: list[str], size: int, *, is_made: bool) -> list[list[str]]:
    """The words after `faceannot` of each command."""
    make = ["datasets", "make", "happy-h5", HAPPY, "--from", "rafdb:data/rafdb", "--size", str(size), "--only", "male"]
    compare = ["compare", "bundled", *recipes, "--work", "trained", "--genders-from-model", "--resume", "--overwrite"]
    compare += [word for source in TRAIN_DATA for word in ("--train-data", source)]
    compare += [word for source in TEST_DATA for word in ("--data", source)]
    compare += ["--markdown", TABLES, "--out", REPORT, "--json", FIGURES]
    return [compare] if is_made else [make, compare]


def composed(tables: str, old: str, short: int | None = None) -> str:
    """The file: where it comes from, the tables, and what people wrote in `old` about them."""
    options = "" if short is None else f" --short {short}"
    origin = (
        "The published approaches and our bundled model, all by `python benchmarks/published_approaches.py DATA "
        f"WORK{options}`, which writes the recipes, with the epochs that it gives them, into WORK and calls the "
        "command below. The emotion data that the published ones learn from here show men alone."
    )
    _, heading, lessons = old.partition(LESSONS)
    title, _, rest = tables.partition("\n")
    return f"{title}\n\n{origin}\n{rest}" + (f"\n{heading}{lessons}" if heading else "")


if __name__ == "__main__":
    sys.exit(main())
