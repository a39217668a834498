"""One labelling run: photos to a table, annotated copies and crops, with a journal from which it can go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path
from typing import BinaryIO

from faceannot._version import __version__
from faceannot.annotator import Annotator
from faceannot.errors import DiskFullError, InputError, OutputError, PhotoError, UsageError
from faceannot.formats import HEAD_BYTES, identify
from faceannot.inputs import Photo, stamp_of
from faceannot.outputs.copies import Copies, copied
from faceannot.outputs.finished import photos_in
from faceannot.outputs.header import RunHeader
from faceannot.outputs.journal import Journal, has_finished
from faceannot.outputs.names import escape
from faceannot.outputs.sink import is_stream
from faceannot.outputs.table import Format, open_table
from faceannot.pipeline import without_pauses
from faceannot.records import Label, PhotoResult, Status

_MOST_REASONS = 1000
# How much longer the pictures of a photo may take than reading it: it is read once more, drawn on and compressed.
_COPIES_OF_TIMEOUT = 5


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a run writes, and where.

    `table`: a file, or a binary stream such as standard output, which cannot be resumed. `annotated`, `crops`:
    folders. `resume`: go on with a run that was stopped. `overwrite`: replace what is there.
    """

    table: Path | BinaryIO
    table_format: Format
    annotated: Path | None = None
    crops: Path | None = None
    resume: bool = False
    overwrite: bool = False

    @property
    def copies(self) -> Copies:
        return Copies(self.annotated, self.crops, replace=self.resume or self.overwrite)

    @property
    def file(self) -> Path | None:
        """The table's file; None for a stream, a pipe or a device, which nobody can go on with."""
        return self.table if isinstance(self.table, Path) and not is_stream(self.table) else None


@dataclass(slots=True)
class Tally:
    """What a run has seen so far.

    `reasons`: how many photos could not be labelled, or not copied, for each reason; `examples`: the first of them.
    `not_copied`: those that have their rows, but not their annotated copy or crops.
    `was_complete`: the table had all its rows before, and no faces are counted.
    """

    photos: int = 0
    without_face: int = 0
    faces: Counter[Label] = field(default_factory=Counter)
    unsure: int = 0
    failures: int = 0
    not_copied: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    was_complete: bool = False

    def add(self, result: PhotoResult, problem: str | None = None) -> None:
        """Count one photo; `problem`: why its annotated copy or its crops could not be written."""
        self.photos += 1
        self.without_face += result.status is Status.NO_FACE
        self.faces.update(face.scores.label for face in result.faces)
        self.unsure += sum(face.unsure for face in result.faces)
        reason = result.error if result.status is Status.ERROR else problem
        self.not_copied += result.status is not Status.ERROR and problem is not None
        if reason is not None:
            self.add_failure(reason, result.path)

    def add_failure(self, reason: str, path: str) -> None:
        """Count one photo more that could not be labelled, or not copied."""
        self.failures += 1
        # Reasons may name sizes, so that there is no end of different ones; memory stays bounded all the same.
        if reason not in self.reasons and len(self.reasons) >= _MOST_REASONS:
            reason = "other reasons"
        self.reasons[reason] += 1
        self.examples.setdefault(reason, path)


def label(
    annotator: Annotator,
    photos: Iterable[Photo | None],
    outputs: Outputs,
    *,
    seen: Callable[[Tally], None] | None = None,
) -> Tally:
    """Label `photos` into `outputs`; `seen` is called after each photo, when its row is on disk.

    Pauses among the photos (see `pipeline`) are when rows that are finished get there though no photo follows.
    Pictures that faceannot itself made in the folders of `outputs` are no photos; all others there are.
    A run that is to be resumed, but has finished, is left as it is if its table is of these very photos.
    Raises `InputError` if there is nothing to read and `OutputError` if an output exists, is in use or cannot be
    written. However it ends, what was finished is on disk.
    """
    made = outputs.copies.made
    photos = _not_empty(photo for photo in photos if photo is None or not made(photo))
    if outputs.table_format == "parquet":
        from faceannot.outputs.parquet import require_pyarrow

        require_pyarrow()
    if outputs.file:
        _check_not_a_photo(outputs.file)
    if outputs.resume and outputs.file and has_finished(outputs.file):
        return _complete(outputs.file, outputs.table_format, without_pauses(photos))
    outputs.copies.prepare()
    options = annotator.settings | outputs.copies.identity
    header = RunHeader(__version__, annotator.bundle.name, annotator.bundle.sha256, options)
    try:
        with _journal(outputs, header) as journal:
            tally = _label(annotator, photos, outputs, header, journal, seen)
            # Copies that are missing are made by a run that goes on from here.
            if journal and not tally.not_copied:
                journal.finish()
    except DiskFullError as error:
        if outputs.file is None:
            raise
        raise DiskFullError(f"{error}; once that is mended, --resume goes on") from error
    return tally


def _label(
    annotator: Annotator,
    photos: Iterable[Photo | None],
    outputs: Outputs,
    header: RunHeader,
    journal: Journal | None,
    seen: Callable[[Tally], None] | None,
) -> Tally:
    tally = Tally()
    annotations = annotator.annotate_photos(photos, known=journal.known if journal else None)
    limit_s = _COPIES_OF_TIMEOUT * annotator.timeout_s
    finished = copied(
        annotations, outputs.copies, annotator.bundle.template, workers=annotator.threads, limit_s=limit_s
    )
    # With a journal, that is what has made sure that no output of somebody else's is replaced.
    with (
        open_table(outputs.table, outputs.table_format, header=header, overwrite=journal is not None) as table,
        closing(finished),
    ):
        for annotation, problem in without_pauses(finished):
            table.write(annotation.result)
            # A photo whose pictures are missing is not done: the run that goes on from here tries again.
            if journal and not problem and not annotation.known:
                journal.add(annotation.photo, annotation.result, annotation.stamp)
            tally.add(annotation.result, problem)
            if seen:
                seen(tally)
    return tally


def _complete(table: Path, table_format: Format, photos: Iterator[Photo]) -> Tally:
    """What the table of a finished run says. Raises OutputError unless it is of `photos` as they are."""
    tally = Tally(was_complete=True)
    try:
        finished_ns = table.stat().st_mtime_ns
        for photo, row in zip_longest(photos, photos_in(table, table_format)):
            if photo is None or row is None or escape(photo.name) != row[0]:
                raise _nothing_to_resume(table, "it is of other photos than these")
            stamp = stamp_of(photo)
            if stamp and stamp.mtime_ns > finished_ns:
                raise _nothing_to_resume(table, f"{row[0]} has changed since")
            tally.photos += 1
            if row[1] is not None:
                tally.add_failure(row[1], row[0])
    except (OSError, ValueError):
        raise _nothing_to_resume(table, "it is no whole table of faceannot's") from None
    return tally


def _nothing_to_resume(table: Path, but: str) -> OutputError:
    name = escape(str(table))
    return OutputError(
        f"nothing to resume: {name} has no journal, as after a run that finished, but {but}. --overwrite makes it anew"
    )


def _not_empty(photos: Iterator[Photo | None]) -> Iterator[Photo | None]:
    """The same photos; the first is looked for now, so that a run without any leaves every output as it is."""
    first = next(without_pauses(photos), None)
    if first is None:
        raise InputError("nothing to read: all that was found are pictures that faceannot made")
    return chain([first], photos)


def _check_not_a_photo(file: Path) -> None:
    """Refuse to replace a photo by a table, whatever may be overwritten: somebody mixed up two names."""
    try:
        with file.open("rb") as stream:
            kind = identify(stream.read(HEAD_BYTES))
    except (OSError, PhotoError):
        return
    raise UsageError(f"{escape(str(file))} is a photo ({kind}): the table needs a file of its own")


def _journal(outputs: Outputs, header: RunHeader) -> AbstractContextManager[Journal | None]:
    if outputs.file is None:
        if outputs.resume:
            raise UsageError("only a table in a file can be resumed")
        return nullcontext()
    if outputs.resume:
        return Journal.resume(outputs.file, header)
    return Journal.start(outputs.file, header, overwrite=outputs.overwrite)
