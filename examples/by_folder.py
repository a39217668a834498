"""Who is in which folder: asks a table of labels in SQL, with nothing but Python.

faceannot label ~/Pictures --out labels.csv
python examples/by_folder.py labels.csv
"""

from __future__ import annotations

import csv
import sqlite3
import sys
from pathlib import Path, PurePosixPath

QUESTION = """
    select folder,
           count(distinct path) as photos,
           count(face) as faces,
           sum(gender = 'female') as women,
           sum(gender = 'male') as men,
           sum(emotion = 'happy' and unsure = 'false') as surely_happy
    from labels
    group by folder
    order by folder
"""


def main() -> None:
    database = sqlite3.connect(":memory:")
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as table:
        rows = csv.reader(table)
        columns = next(rows)
        database.execute(f"create table labels (folder, {', '.join(columns)})")
        # An empty cell means that there is nothing to say, which is SQL's null.
        database.executemany(
            f"insert into labels values (?{', ?' * len(columns)})",
            ([str(PurePosixPath(row[0]).parent), *(cell or None for cell in row)] for row in rows),
        )
    answer = database.execute(QUESTION)
    print(*(column[0] for column in answer.description), sep="\t")
    for row in answer:
        print(*(0 if cell is None else cell for cell in row), sep="\t")


if __name__ == "__main__":
    main()
