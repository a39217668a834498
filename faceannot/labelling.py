"""One labelling run: photos to a table, annotated copies and crops, with a journal from which it can go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from faceannot._version import __version__
from faceannot.annotator import Annotator
from faceannot.errors import InputError, PhotoError, UsageError
from faceannot.formats import HEAD_BYTES, identify
from faceannot.inputs import Photo
from faceannot.outputs.copies import Copies, copied
from faceannot.outputs.header import RunHeader
from faceannot.outputs.journal import Journal
from faceannot.outputs.names import escape
from faceannot.outputs.sink import is_stream
from faceannot.outputs.table import Format, open_table
from faceannot.records import Label, PhotoResult, Status

_MOST_REASONS = 1000


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
    """

    photos: int = 0
    without_face: int = 0
    faces: Counter[Label] = field(default_factory=Counter)
    unsure: int = 0
    failures: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, result: PhotoResult, problem: str | None = None) -> None:
        """Count one photo; `problem`: why its annotated copy or its crops could not be written."""
        self.photos += 1
        self.without_face += result.status is Status.NO_FACE
        self.faces.update(face.scores.label for face in result.faces)
        self.unsure += sum(face.unsure for face in result.faces)
        reason = result.error if result.status is Status.ERROR else problem
        if reason is not None:
            self.failures += 1
            self._count(reason, result.path)

    def _count(self, reason: str, path: str) -> None:
        # Reasons may name sizes, so that there is no end of different ones; memory stays bounded all the same.
        if reason not in self.reasons and len(self.reasons) >= _MOST_REASONS:
            reason = "other reasons"
        self.reasons[reason] += 1
        self.examples.setdefault(reason, path)


def label(
    annotator: Annotator, photos: Iterable[Photo], outputs: Outputs, *, seen: Callable[[Tally], None] | None = None
) -> Tally:
    """Label `photos` into `outputs`; `seen` is called after each photo, when its row is on disk.

    Pictures that faceannot itself made in the folders of `outputs` are no photos; all others there are.
    Raises `InputError` if there is nothing to read and `OutputError` if an output exists, is in use or cannot be
    written. However it ends, what was finished is on disk.
    """
    made = outputs.copies.made
    photos = _not_empty(photo for photo in photos if not made(photo))
    if outputs.table_format == "parquet":
        from faceannot.outputs.parquet import require_pyarrow

        require_pyarrow()
    outputs.copies.prepare()
    options = annotator.settings | outputs.copies.identity
    header = RunHeader(__version__, annotator.bundle.name, annotator.bundle.sha256, options)
    with _journal(outputs, header) as journal:
        tally = _label(annotator, photos, outputs, header, journal, seen)
        if journal:
            journal.finish()
    return tally


def _label(
    annotator: Annotator,
    photos: Iterable[Photo],
    outputs: Outputs,
    header: RunHeader,
    journal: Journal | None,
    seen: Callable[[Tally], None] | None,
) -> Tally:
    tally = Tally()
    annotations = annotator.annotate_photos(photos, known=journal.known if journal else None)
    template, workers = annotator.bundle.template, annotator.threads
    finished = copied(annotations, outputs.copies, template, workers=workers, timeout_s=annotator.timeout_s)
    # With a journal, that is what has made sure that no output of somebody else's is replaced.
    with (
        open_table(outputs.table, outputs.table_format, header=header, overwrite=journal is not None) as table,
        closing(finished),
    ):
        for annotation, problem in finished:
            table.write(annotation.result)
            # A photo whose pictures are missing is not done: the run that goes on from here tries again.
            if journal and not problem:
                journal.add(annotation.photo, annotation.result)
            tally.add(annotation.result, problem)
            if seen:
                seen(tally)
    return tally


def _not_empty(photos: Iterator[Photo]) -> Iterator[Photo]:
    """The same photos; the first is looked for now, so that a run without any leaves every output as it is."""
    try:
        first = next(photos)
    except StopIteration:
        raise InputError("nothing to read: all that was found are pictures that faceannot made") from None
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
    _check_not_a_photo(outputs.file)
    if outputs.resume:
        return Journal.resume(outputs.file, header)
    return Journal.start(outputs.file, header, overwrite=outputs.overwrite)
