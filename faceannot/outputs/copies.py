"""Writes annotated copies and crops in processes of their own, in order and a few ahead."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self, TypeAlias

from faceannot.alignment import Template
from faceannot.annotator import Annotation
from faceannot.errors import DiskFullError, OutputError
from faceannot.inputs import Photo, stamp_of
from faceannot.outputs.copy_process import CopyProcess, Write
from faceannot.outputs.header import Option
from faceannot.outputs.names import escape
from faceannot.pipeline import mapped

# Each holds a photo at full size, more than once: 36 MB each time at 12 megapixels, 900 MB at 300.
_MOST_PROCESSES = 8

Written: TypeAlias = tuple[Annotation, str | None]


@dataclass(frozen=True, slots=True)
class Copies:
    """Which pictures to write into which folders, None for none; `replace`: even if those are not empty."""

    annotated: Path | None = None
    crops: Path | None = None
    replace: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(folder for folder in (self.annotated, self.crops) if folder)

    @property
    def identity(self) -> dict[str, Option]:
        """The folders, whatever links lead to them: a run that goes on has to write the same pictures."""
        named = {"annotated": self.annotated, "crops": self.crops}
        return {name: escape(os.path.realpath(folder)) if folder else None for name, folder in named.items()}

    def prepare(self) -> None:
        """Make the folders. Raises `OutputError` if one cannot be written, or is in use and must not be."""
        if not self.folders:
            return
        from faceannot.outputs.leftovers import remove_leftovers
        from faceannot.outputs.saving import prepare_folder

        for folder in self.folders:
            is_empty = prepare_folder(folder)
            if not is_empty and not self.replace:
                raise OutputError(f"{folder} is not empty; --overwrite writes into it all the same")
            remove_leftovers(folder)

    def made(self, photo: Photo) -> bool:
        """Whether a photo is a picture in one of the folders, through whatever links, that faceannot made."""
        if not isinstance(photo.source, Path) or not self.folders:
            return False
        # Path.resolve would raise for a loop of links; such a photo gets a row that says so.
        place = Path(os.path.realpath(photo.source))
        if not any(place.is_relative_to(os.path.realpath(folder)) for folder in self.folders):
            return False
        from faceannot.outputs.saving import is_ours

        return is_ours(place)


def copied(
    annotations: Iterable[Annotation | None], copies: Copies, template: Template, *, workers: int, limit_s: float
) -> Generator[Written | None, None, None]:
    """Each annotation once its pictures are written, with the reason if one could not be; takes and gives pauses.

    For known ones they were written when they became known. `limit_s`: time for the pictures of one photo, in seconds.
    Raises DiskFullError.
    """
    if not copies.folders:
        for annotation in annotations:
            yield (annotation, None) if annotation else None
        return
    workers = min(workers, _MOST_PROCESSES)
    write = partial(_write, copies=copies, template=template)
    with _Processes(workers, limit_s) as processes, ThreadPoolExecutor(workers, "copy") as threads:
        yield from mapped(partial(processes.run, write), annotations, executor=threads, ahead=2 * workers)


class _Processes:
    """As many processes that write as there may be photos at once; see `CopyProcess`."""

    def __init__(self, count: int, limit_s: float) -> None:
        self._processes = [CopyProcess(limit_s) for _ in range(count)]
        self._idle: SimpleQueue[CopyProcess] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.end()

    def run(self, write: Write, annotation: Annotation) -> Written:
        """The annotation and what `write` says of it in one of the processes; may be called from several threads.

        Raises DiskFullError.
        """
        process = self._idle.get()
        try:
            return annotation, process.run(write, annotation)
        except DiskFullError:
            raise
        # A process that cannot be started, say: the next photo may have more luck.
        except Exception as error:
            from faceannot.outputs.saving import reason

            return annotation, f"its annotated copy or its crops could not be written: {reason(error)}"
        finally:
            self._idle.put(process)


def _write(annotation: Annotation, copies: Copies, template: Template) -> str | None:
    from faceannot.outputs.annotated import write_annotated
    from faceannot.outputs.crops import write_crops

    if annotation.known:
        return None
    photo, result, problems = annotation.photo, annotation.result, []
    if stamp_of(photo) != annotation.stamp:
        return "the photo changed after it was labelled"
    # What is there by now may be replaced, or is of this run, which was given a photo twice: `prepare` has seen to it.
    if copies.annotated:
        problems.append(write_annotated(photo, result, copies.annotated, overwrite=True))
    if copies.crops:
        problems.append(write_crops(photo, result, copies.crops, template, overwrite=True))
    return next((problem for problem in problems if problem), None)
