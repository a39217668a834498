"""Writes annotated copies and crops in processes of their own, in order and a few ahead."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from faceannot.alignment import Template
from faceannot.errors import OutputError
from faceannot.inputs import Photo
from faceannot.pipeline import mapped

if TYPE_CHECKING:
    from faceannot.annotator import Annotation


@dataclass(frozen=True, slots=True)
class Copies:
    """Which pictures to write into which folders, None for none; `replace`: where files are there already."""

    annotated: Path | None = None
    crops: Path | None = None
    replace: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(folder for folder in (self.annotated, self.crops) if folder)

    def prepare(self) -> None:
        """Make the folders. Raises `OutputError` if one cannot be written, or is in use and must not be."""
        if not self.folders:
            return
        from faceannot.outputs.saving import prepare_folder

        for folder in self.folders:
            prepare_folder(folder)
            if any(folder.iterdir()) and not self.replace:
                raise OutputError(f"{folder} is not empty; --overwrite writes into it all the same")

    def hold(self, photo: Photo) -> bool:
        """Whether a photo lies in one of the folders, through whatever links."""
        if not isinstance(photo.source, Path) or not self.folders:
            return False
        # Path.resolve would raise for a loop of links; such a photo gets a row that says so.
        place = Path(os.path.realpath(photo.source))
        return any(place.is_relative_to(folder.resolve()) for folder in self.folders)


def copied(
    annotations: Iterable[Annotation], copies: Copies, template: Template, *, workers: int
) -> Generator[tuple[Annotation, str | None], None, None]:
    """Each annotation once its pictures are written, with the reason if one could not be.

    For known ones they were written when they became known.
    """
    if not copies.folders:
        yield from ((annotation, None) for annotation in annotations)
        return
    write = partial(_write, copies=copies, template=template)
    with _processes(workers) as executor:
        yield from mapped(write, annotations, executor=executor, ahead=2 * workers)


def _processes(count: int) -> Executor:
    """Ctrl-C is left to the parent, which lets them finish the photo at hand."""
    return ProcessPoolExecutor(count, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))


def _write(annotation: Annotation, copies: Copies, template: Template) -> tuple[Annotation, str | None]:
    from faceannot.outputs.annotated import write_annotated
    from faceannot.outputs.crops import write_crops

    photo, result, problems = annotation.photo, annotation.result, []
    if copies.annotated and not annotation.known:
        problems.append(write_annotated(photo, result, copies.annotated, overwrite=copies.replace))
    if copies.crops and not annotation.known:
        problems.append(write_crops(photo, result, copies.crops, template, overwrite=copies.replace))
    return annotation, next((problem for problem in problems if problem), None)
