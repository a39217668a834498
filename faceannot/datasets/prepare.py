"""Turns the pictures of source data sets into aligned crops, once, for every training that follows."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from faceannot.bundle import file_sha256
from faceannot.datasets.crop_journal import CropJournal
from faceannot.datasets.cropping import CROP_PX, SETTINGS, Outcome, crop_batch, start
from faceannot.datasets.example import Example
from faceannot.datasets.example_rows import COLUMNS, read_examples, read_list, row, write_rows
from faceannot.detector import Detector
from faceannot.errors import DatasetError, OutputError
from faceannot.pipeline import mapped, without_pauses
from faceannot.plain_files import check_plain

_BATCH = 64
_CROP_BYTES = CROP_PX * CROP_PX * 3
_HEADER_BYTES = 128  # of an .npy file with this shape; NumPy fills it up to a multiple of 64
_EXAMPLES, _CROPS, _MADE_FROM, _JOURNAL = "examples.csv", "crops.npy", "made_from.txt", "crops.journal"
_LOST, _UNREADABLE = "lost.csv", "unreadable.csv"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Crops (n, 112, 112, 3) uint8 RGB, memory-mapped, and the example of each.

    `lost`: names of pictures in which no face was found. `unreadable`: name and reason of those that cannot be read.
    """

    crops: NDArray[np.uint8]
    examples: tuple[Example, ...]
    lost: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


def prepare(
    examples: Iterable[Example],
    folder: Path,
    detector: Path,
    *,
    workers: int | None = None,
    seen: Callable[[int], None] = lambda count: None,
) -> Prepared:
    """Crop the face of each example into `folder`, go on with what was begun there, or load what is finished.

    Examples whose face is not found are left out and listed in `lost.csv`, those that cannot be read in
    `unreadable.csv` with the reason. `seen` is told how many examples are finished, whenever some are.
    Raises `OutputError` when `folder` holds crops of other pictures, labels or another detector, or is in use.
    """
    listed = list(examples)
    if not listed:
        raise DatasetError(f"{folder}: there are no pictures to prepare")
    made_from = fingerprint(listed, detector)
    if _is_finished(folder, made_from):
        seen(len(listed))
        return load(folder)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with CropJournal(folder / _JOURNAL, made_from) as journal:
            if journal.done > len(listed):  # not what this list leaves, whatever it says of itself
                journal.begin()
            with _open_crops(folder / _CROPS, len(listed), journal) as crops:
                seen(journal.done)
                _crop_rest(listed, crops, journal, detector, workers or os.cpu_count() or 1, seen)
            _finish(listed, journal, folder, made_from)
        journal.path.unlink()
    return load(folder)


def load(folder: Path) -> Prepared:
    """What `prepare` left in `folder`. Raises `DatasetError` when that is not finished or damaged."""
    try:
        examples = tuple(read_examples(folder / _EXAMPLES))
        lost = read_list(folder / _LOST, "name") if (folder / _LOST).is_file() else []
        refused = read_list(folder / _UNREADABLE, "name", "reason") if (folder / _UNREADABLE).is_file() else []
        crops = _load_crops(folder / _CROPS)
    except FileNotFoundError as error:
        raise DatasetError(f"{folder}: not prepared, or not finished: no {Path(error.filename).name}") from error
    if len(crops) < len(examples):
        raise DatasetError(f"{folder}: {len(crops)} crops for {len(examples)} examples; remove it and prepare again")
    return Prepared(
        crops[: len(examples)], examples, tuple(name for (name,) in lost), tuple((n, why) for n, why in refused)
    )


def _load_crops(path: Path) -> NDArray[np.uint8]:
    try:
        check_plain(path)
        crops = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise
    # Where in a file the damage is decides what NumPy raises: OSError, ValueError, TokenError, RecursionError ...
    except Exception as error:
        raise DatasetError(f"{path}: cannot be used, remove its folder and prepare again ({error})") from error
    if not isinstance(crops, np.ndarray) or crops.dtype != np.uint8 or crops.shape[1:] != (CROP_PX, CROP_PX, 3):
        raise DatasetError(f"{path}: not crops (n, {CROP_PX}, {CROP_PX}, 3) uint8; remove its folder and prepare again")
    return crops


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{error.filename or folder}: cannot be written: {error.strerror or error}") from error


def fingerprint(examples: Sequence[Example], detector: Path) -> str:
    """Changes with all that decides the crops and their labels, but for the content of the pictures."""
    digest = hashlib.sha256(repr((file_sha256(detector), SETTINGS)).encode())
    for example in examples:
        digest.update(json.dumps(list(row(example))).encode())
    return digest.hexdigest()


def _is_finished(folder: Path, made_from: str) -> bool:
    if not (folder / _EXAMPLES).is_file():
        return False
    mark = folder / _MADE_FROM
    # Crops of earlier versions say nothing of what they were made from.
    if mark.is_file() and mark.read_text(errors="replace").strip() != made_from:
        raise OutputError(
            f"{folder}: holds crops of other pictures or labels, or made with another detector: "
            "choose another folder, or remove this one"
        )
    return True


def _open_crops(path: Path, most: int, journal: CropJournal) -> BinaryIO:
    """The array on disk, as large as if a face were found in every picture.

    It is written as a file, because a full disk kills a process that writes into mapped memory.
    """
    size = _HEADER_BYTES + most * _CROP_BYTES
    if journal.done and path.is_file() and path.stat().st_size == size:
        return path.open("r+b")
    journal.begin()
    file = path.open("w+b")
    shape = (most, CROP_PX, CROP_PX, 3)
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    assert file.tell() == _HEADER_BYTES
    file.truncate(size)
    return file


def _crop_rest(
    examples: Sequence[Example],
    crops: BinaryIO,
    journal: CropJournal,
    detector: Path,
    workers: int,
    seen: Callable[[int], None],
) -> None:
    """Crop what `journal` does not have yet. A batch is noted after its crops are in place."""
    Detector(detector)  # one that cannot be used is found here, and not by every worker
    batches = [examples[start : start + _BATCH] for start in range(journal.done, len(examples), _BATCH)]
    with (
        _workers(workers, detector) as pool,
        closing(mapped(crop_batch, batches, executor=pool, ahead=2 * workers)) as results,
    ):
        for outcomes in _unbroken(without_pauses(results), examples, journal):
            _take(outcomes, crops, journal)
            seen(journal.done)


@contextmanager
def _workers(count: int, detector: Path) -> Iterator[ProcessPoolExecutor]:
    # Forking a process that has loaded a training library can hang the child.
    with ProcessPoolExecutor(count, get_context("spawn"), initializer=start, initargs=(detector,)) as pool:
        # Ctrl-C goes to all processes. The workers, which start with the first task, have it blocked from their birth
        # on: this process ends them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        pool.submit(os.getpid)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield pool


def _unbroken(
    results: Iterable[list[Outcome]], examples: Sequence[Example], journal: CropJournal
) -> Iterator[list[Outcome]]:
    try:
        yield from results
    except BrokenProcessPool as error:
        some = examples[journal.done : journal.done + _BATCH]
        raise DatasetError(
            f"a process that reads pictures died, at {some[0].path} or soon after; "
            "what was finished is kept, and the same command goes on from there"
        ) from error


def _take(outcomes: Sequence[Outcome], crops: BinaryIO, journal: CropJournal) -> None:
    crops.seek(_HEADER_BYTES + journal.found * _CROP_BYTES)
    lost: list[int] = []
    unreadable: dict[int, str] = {}
    for place, outcome in enumerate(outcomes, start=journal.done):
        if outcome is None:
            lost.append(place)
        elif isinstance(outcome, str):
            unreadable[place] = outcome
        else:
            crops.write(outcome.tobytes())
    crops.flush()
    journal.add(len(outcomes), lost, unreadable)


def _finish(examples: Sequence[Example], journal: CropJournal, folder: Path, made_from: str) -> None:
    """Write the lists, that of the examples last: it is what says that all is there."""
    lost = [(examples[place].name, examples[place].path) for place in journal.lost]
    write_rows(folder / _LOST, ("name", "path"), lost)
    unreadable = [(examples[place].name, examples[place].path, why) for place, why in journal.unreadable.items()]
    write_rows(folder / _UNREADABLE, ("name", "path", "reason"), unreadable)
    (folder / _MADE_FROM).write_text(f"{made_from}\n")
    left_out = {*journal.lost, *journal.unreadable}
    found = [row(example) for place, example in enumerate(examples) if place not in left_out]
    write_rows(folder / _EXAMPLES, COLUMNS, found)
