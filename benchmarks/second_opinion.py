"""How often gender is right on the 58,658 set where CelebA's own label, given by other people, agrees with its folder.

    python benchmarks/second_opinion.py --data 'gender-folders:PATH?identities=FILE' OPINIONS [--record]

OPINIONS is a folder of CSV files with the columns `Path`, whose name is CelebA's number of a picture, and `Male`, 0 or
1. Only held-out pictures that are in there are looked at. A face that is not found counts as an error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from common import parser, record, share
from robustness import faces

from faceannot import Annotator
from faceannot.datasets.example import Example
from faceannot.datasets.files import read_rows
from faceannot.datasets.gender_folders import celeba_number
from faceannot.datasets.sources import parse_source
from faceannot.evaluation.judged import held_out
from faceannot.records import GENDERS, Gender

GENDER_OF_MALE: dict[str, Gender] = {"0": "female", "1": "male"}


def main() -> int:
    options = parse()
    opinions = read_opinions(options.opinions)
    examples = [one for one in held_out([parse_source(options.data)], "test") if celeba_number(one.path) in opinions]
    found = faces(Annotator(model=options.model), (example.picture() for example in examples))
    said = [face.scores.gender if face else None for face in found]
    lines = report(examples, [opinions[celeba_number(one.path)] for one in examples], said)
    print("\n".join(lines))
    if options.record:
        record("second_opinion.py", lines)
    return 0


def parse() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("opinions", type=Path, metavar="OPINIONS", help="folder of CSV files with Path and Male")
    options.add_argument("--data", required=True, metavar="KIND:PATH", help="as of faceannot evaluate")
    options.add_argument("--model", type=Path, help="another bundle")
    options.add_argument("--record", action="store_true", help="append the result to benchmarks/RESULTS.md")
    return options.parse_args()


def read_opinions(folder: Path) -> dict[str, Gender]:
    """CelebA's number of a picture to the gender that its own label says."""
    rows = (row for path in sorted(folder.glob("*.csv")) for _, row in read_rows(path, ("Path", "Male")))
    return {Path(row["Path"]).stem: GENDER_OF_MALE[row["Male"]] for row in rows}


def report(examples: Sequence[Example], opinions: Sequence[Gender], said: Sequence[Gender | None]) -> list[str]:
    rows = [(one.gender, opinion, ours) for one, opinion, ours in zip(examples, opinions, said, strict=True)]
    agreed = [(label, ours) for label, opinion, ours in rows if label == opinion]
    disputed = [(opinion, ours) for label, opinion, ours in rows if label != opinion]
    by_gender = ", ".join(f"{name} {right([row for row in agreed if row[0] == name])}" for name in GENDERS)
    return [
        f"folder and CelebA's own label agree: gender right {right(agreed)}; {by_gender}",
        f"they disagree: as CelebA's own label says {right(disputed)}",
    ]


def right(rows: Sequence[tuple[Gender | None, Gender | None]]) -> str:
    return share(sum(wanted == ours for wanted, ours in rows), len(rows))


if __name__ == "__main__":
    sys.exit(main())
