"""Photos in, results out: what the command line and every Python caller use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from faceannot.alignment import align
from faceannot.bundle import Bundle, load_bundle
from faceannot.classifier import Classifier
from faceannot.defaults import BATCH_SIZE, SMALLEST_FACE_PX, TIMEOUT_S, usable_cpus
from faceannot.detector import Detections
from faceannot.errors import PhotoError, UsageError
from faceannot.finder import FaceFinder, face_finder
from faceannot.images import Picture
from faceannot.inputs import Photo, Stamp, find_photos, stamp_of
from faceannot.pipeline import batched, mapped, without_pauses
from faceannot.readers import ReaderPool
from faceannot.records import Box, Face, PhotoResult, Scores, Status

RgbArray = NDArray[np.uint8]
Source: TypeAlias = str | PathLike[str] | Photo | bytes | BinaryIO | RgbArray

# Photos are read at most this large. Half of a 12-megapixel photo of any usual shape fits without resampling, which
# would cost as much as decoding; a face of 60 pixels still has 30 there for its crop.
READ_SIDE_PX = 2560
# Each reader has up to three pictures of some 10 MB waiting.
_MOST_READERS = 16
_MOST_FINDERS = 8
_MOST_CLASSIFIERS = 8
_LONGEST_TIMEOUT_S = 86_400


@dataclass(frozen=True, slots=True)
class Job:
    """One photo on its way; every stage passes on, as it is, what already has its `result`.

    `stamp`: the photo's from before it was read. `found`: the faces from left to right, in pixels of the upright photo
    at full size. `crops`: one for each. `size`: width and height of that photo.
    """

    photo: Photo
    stamp: Stamp | None = None
    picture: Picture | None = None
    found: Detections | None = None
    crops: tuple[RgbArray, ...] = ()
    size: tuple[int, int] = (0, 0)
    result: PhotoResult | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Annotation:
    """A photo with its result; `known`: the result came from the caller, else `stamp` is from before it was read."""

    photo: Photo
    result: PhotoResult
    known: bool
    stamp: Stamp | None = None


class Annotator:
    """Labels every face in photos.

    >>> for result in Annotator().annotate("photos"):
    ...     print(result.path, result.status, [face.scores.label for face in result.faces])
    """

    def __init__(
        self,
        *,
        model: str | PathLike[str] | None = None,
        detector: str | PathLike[str] | None = None,
        batch_size: int = BATCH_SIZE,
        threads: int | None = None,
        smallest_face: int = SMALLEST_FACE_PX,
        detection_threshold: float | None = None,
        unsure_threshold: float | None = None,
        timeout_s: float = TIMEOUT_S,
        finder: FaceFinder | None = None,
    ) -> None:
        """Load and check the models.

        `model`: folder of another bundle. `detector`: another ONNX file with YuNet's interface, which then decides
        alone, without the bundle's verifier. `batch_size`: faces that are classified at once. `threads`: photos that
        are worked on at once, by default as many as there are processors. `smallest_face`: faces whose box has no side
        of that many pixels at full size are left out. `detection_threshold` and `unsure_threshold`: 0..1, by default
        the bundle's. `timeout_s`: how long reading one photo may take. `finder`: finds faces instead.
        Raises `BundleError` if a model does not fit and `UsageError` if a number cannot be meant.
        """
        bundle = load_bundle(Path(model) if model else None, Path(detector) if detector else None)
        self.bundle: Bundle = bundle
        self.batch_size = _at_least(1, "batch_size", batch_size)
        self.threads = usable_cpus() if threads is None else _at_least(1, "threads", threads)
        self.smallest_face = _at_least(1, "smallest_face", smallest_face)
        self.detection_threshold = _share("detection_threshold", detection_threshold, bundle.detection_threshold)
        self.unsure_threshold = _share("unsure_threshold", unsure_threshold, bundle.unsure_threshold)
        if not 0 < timeout_s <= _LONGEST_TIMEOUT_S:
            raise UsageError(f"timeout_s has to be above 0 and at most {_LONGEST_TIMEOUT_S}, but is {timeout_s}")
        self.timeout_s = timeout_s
        self._finder = finder or face_finder(bundle)
        self._classifier = Classifier(bundle)

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the results, apart from the models: two runs with the same settings give the same rows."""
        return {
            "detection_threshold": self.detection_threshold,
            "unsure_threshold": self.unsure_threshold,
            "smallest_face": self.smallest_face,
        }

    def annotate(
        self, photos: Source | Iterable[Source], *, known: Callable[[Photo], PhotoResult | None] | None = None
    ) -> Iterator[PhotoResult]:
        """The result of each photo, in the order of `photos`; a photo that cannot be read has the status `error`.

        `photos`: one or many of path, folder, glob, `@list.txt`, `Photo`, open binary file, the content of a file as
        bytes, RGB array (height, width, 3) uint8. Paths behave as on the command line.
        `known`: gives the result of a photo that need not be looked at again, or None.
        Raises `InputError` if there is nothing to read at all.
        """
        for annotation in without_pauses(self.annotate_photos(_photos(photos), known=known)):
            yield annotation.result

    def annotate_photos(
        self, photos: Iterable[Photo | None], *, known: Callable[[Photo], PhotoResult | None] | None = None
    ) -> Iterator[Annotation | None]:
        """Like `annotate`, for photos that are found already; gives each together with its result.

        Takes and gives pauses (see `pipeline`), so that what is finished need not wait for more photos.
        """
        jobs = (photo and _job(photo, known) for photo in photos)
        readers, finders = min(self.threads, _MOST_READERS), min(max(1, self.threads // 2), _MOST_FINDERS)
        # As many as there are threads: while a crowd is classified, no other stage may have anything to do.
        classifiers = min(self.threads, _MOST_CLASSIFIERS)
        with ExitStack() as stack:
            pool = stack.enter_context(ReaderPool(readers, max_side=READ_SIDE_PX, timeout_s=self.timeout_s))
            finding = stack.enter_context(ThreadPoolExecutor(finders, "find"))
            classifying = stack.enter_context(ThreadPoolExecutor(classifiers, "classify"))
            read = mapped(partial(_read, pool=pool), jobs, executor=pool.threads, ahead=pool.ahead)
            found = mapped(self._find, read, executor=finding, ahead=2 * finders)
            scored = batched(
                self._classify, found, _crops, size=self.batch_size, executor=classifying, ahead=2 * classifiers
            )
            for scored_job in stack.enter_context(closing(scored)):
                yield scored_job and self._annotation(*scored_job)

    def _find(self, job: Job) -> Job:
        """The job with its faces and their crops, or with a result if there are none."""
        if job.picture is None:
            return job
        try:
            found = self._faces(job.picture)
            crops = tuple(
                align(job.picture.rgb, points, self.bundle.crop_px, self.bundle.template) for points in found.landmarks
            )
        # Whatever one photo brings about, out of memory or a fault of a native library, must not cost the others.
        except Exception as error:
            failure = _failure(job.photo, f"finding faces failed: {_one_line(error)}")
            return replace(job, picture=None, result=failure)
        size = job.picture.width, job.picture.height
        return replace(job, picture=None, found=found.scaled(job.picture.scale), crops=crops, size=size)

    def _faces(self, picture: Picture) -> Detections:
        """The faces from left to right, in pixels of `picture.rgb`."""
        found = self._finder.find(
            picture.rgb,
            threshold=self.detection_threshold,
            smallest_px=self.smallest_face / picture.scale,
            sizes_px=self.bundle.detector_sizes,
        )
        return found[np.lexsort((found.boxes[:, 1], found.boxes[:, 0]))]

    def _classify(self, crops: list[RgbArray]) -> list[Scores | PhotoError]:
        """The scores of each crop; where they cannot be had together, then one by one: a fault costs its photo."""
        try:
            return [*self._classifier.classify(np.stack(crops))]
        # Whatever it is, it must not cost more photos than need be.
        except Exception as error:
            if len(crops) == 1:
                return [PhotoError(f"classifying a face failed: {_one_line(error)}")]
        return [scores for crop in crops for scores in self._classify([crop])]

    def _annotation(self, job: Job, scores: list[Scores | PhotoError]) -> Annotation:
        return Annotation(job.photo, job.result or self._result(job, scores), job.known, job.stamp)

    def _result(self, job: Job, said: list[Scores | PhotoError]) -> PhotoResult:
        assert job.found is not None
        scores = [one for one in said if isinstance(one, Scores)]
        if len(scores) < len(said):
            return _failure(job.photo, str(next(one for one in said if isinstance(one, PhotoError))))
        faces = tuple(
            self._face(number, job.found, scores[number - 1], job.size) for number in range(1, len(scores) + 1)
        )
        status = Status.OK if faces else Status.NO_FACE
        return PhotoResult(job.photo.name, status, faces, photo_width=job.size[0], photo_height=job.size[1])

    def _face(self, number: int, found: Detections, scores: Scores, size: tuple[int, int]) -> Face:
        unsure = scores.label_score < self.unsure_threshold or scores.expression not in ("happy", "sad")
        points = [(float(x), float(y)) for x, y in found.landmarks[number - 1]]
        return Face(
            number=number,
            box=box_inside(found.boxes[number - 1], size),
            landmarks=(points[0], points[1], points[2], points[3], points[4]),
            detection=float(found.scores[number - 1]),
            scores=scores,
            unsure=unsure,
        )


def box_inside(edges: NDArray[np.float32], size: tuple[int, int]) -> Box:
    """The box of whole pixels for `edges` (left, top, right, bottom), inside a picture of `size`, at least 1 x 1."""
    left, right = _span(float(edges[0]), float(edges[2]), size[0])
    top, bottom = _span(float(edges[1]), float(edges[3]), size[1])
    return Box(left, top, right - left, bottom - top)


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    start = min(max(round(low), 0), length - 1)
    return start, min(max(round(high), start + 1), length)


def _job(photo: Photo, known: Callable[[Photo], PhotoResult | None] | None) -> Job:
    result = known(photo) if known else None
    return Job(photo, result=result, known=result is not None)


def _crops(job: Job) -> tuple[RgbArray, ...]:
    return job.crops


def _read(job: Job, pool: ReaderPool) -> Job:
    """The job with its picture, or with a result if it cannot be read."""
    if job.result is not None:
        return job
    stamp = stamp_of(job.photo)
    outcome = pool.read_one(job.photo)
    if isinstance(outcome, PhotoError):
        return Job(job.photo, stamp, result=_failure(job.photo, str(outcome)))
    return Job(job.photo, stamp, outcome)


def _failure(photo: Photo, reason: str) -> PhotoResult:
    return PhotoResult(photo.name, Status.ERROR, error=reason)


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _at_least(low: int, name: str, value: int) -> int:
    if value < low:
        raise UsageError(f"{name} has to be at least {low}, but is {value}")
    return value


def _share(name: str, value: float | None, default: float) -> float:
    if value is None:
        return default
    if not 0.0 <= value <= 1.0:
        raise UsageError(f"{name} has to be from 0 to 1, but is {value}")
    return value


def _photos(sources: Source | Iterable[Source]) -> Iterator[Photo]:
    """What `annotate` was given as photos; paths that follow one another are found as one list of arguments."""
    many = cast("Iterable[Source]", [sources] if _is_one(sources) else sources)
    for are_paths, run in groupby(enumerate(many, 1), key=lambda pair: isinstance(pair[1], str | PathLike)):
        if are_paths:
            yield from find_photos(fspath(cast("str", source)) for _, source in run)
        else:
            yield from (_photo(number, source) for number, source in run)


def _is_one(sources: object) -> bool:
    is_picture = isinstance(sources, np.ndarray) and sources.ndim < 4
    return is_picture or isinstance(sources, str | PathLike | Photo | bytes) or hasattr(sources, "read")


def _photo(number: int, source: Any) -> Photo:
    """A photo that is no path; what has no name of its own is named by its place in the input."""
    if isinstance(source, Photo):
        return source
    if isinstance(source, np.ndarray):
        return Photo(f"array-{number}", source)
    if isinstance(source, bytes):
        return Photo(f"bytes-{number}", source)
    name = getattr(source, "name", None)
    return Photo(name if isinstance(name, str) else f"file-{number}", source.read())
