"""Labels from Python: each face of each photo, and why a photo gave none.

python examples/annotate.py ~/Pictures
"""

from __future__ import annotations

import sys

from faceannot import Annotator, Status


def main() -> None:
    for result in Annotator().annotate(sys.argv[1:]):
        if result.status is Status.ERROR:
            print(f"{result.path}: {result.error}", file=sys.stderr)
        for face in result.faces:
            scores = face.scores
            print(f"{result.path} {face.number}: {scores.label} {scores.label_score:.2f}{' ?' if face.unsure else ''}")


if __name__ == "__main__":
    main()
