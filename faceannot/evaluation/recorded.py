"""The scores of its held-out faces that a bundle may carry, so that its report can be made on a bare machine.

`heldout.npz` holds plain arrays and is read without pickle: no pictures, no names of files or people, no groups of a
manifest. One row a face:
`source`, `ethnicity` (places in `source_names`, `ethnicity_names`), `gender`, `expression` (places in the
bundle's order), `age`, each uint8 with 255 for unknown; `outcome` (0 found, 1 no face, 2 unreadable), `side_px`,
`detection` (of 255), `gender_logit` (log of the odds of female) and `expressions` (n, 7) as float16. `format`, `date`
and `describes` - the SHA-256 of what the bundle says of its models - are single values.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceannot.bundle import DESCRIPTION, Bundle, file_sha256
from faceannot.errors import BundleError, UsageError
from faceannot.evaluation.judged import UNKNOWN, Judged, Outcome
from faceannot.outputs.sink import cannot_write
from faceannot.records import EXPRESSIONS, GENDERS

FILE = "heldout.npz"
FORMAT = 1
_UNKNOWN_BYTE = 255
# A hundred bytes a face: far beyond any test set, and no file can fill the memory.
_LARGEST_BYTES = 200_000_000
# Below that a probability is 0 for all that a report can show.
_LEAST = 1e-7
_COLUMNS = {
    "source": np.uint8,
    "gender": np.uint8,
    "expression": np.uint8,
    "age": np.uint8,
    "ethnicity": np.uint8,
    "outcome": np.uint8,
    "side_px": np.uint16,
    "detection": np.uint8,
    "gender_logit": np.float16,
    "expressions": np.float16,
}


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Recorded scores and the date of their recording."""

    date: str
    judged: Judged


def record(bundle: Bundle, judged: Judged, date: str, *, overwrite: bool = False) -> Path:
    """Add the scores in `judged` to the folder of `bundle` and their hash to its description; gives the file.

    Raises `UsageError` where the bundle has some already and `overwrite` is false, `OutputError` if it cannot be
    written.
    """
    if bundle.heldout is not None and not overwrite:
        raise UsageError(f"{bundle.folder} has recorded scores already; --overwrite replaces them")
    path, description = bundle.folder / FILE, bundle.folder / DESCRIPTION
    content = json.loads(description.read_text(encoding="utf-8"))
    arrays = {**_packed(judged), "format": np.uint8(FORMAT), "date": date, "describes": _models_sha256(description)}
    try:
        with _partial(path).open("wb") as file:
            np.savez_compressed(file, **arrays)
        _partial(path).replace(path)
        content["heldout"] = {"file": FILE, "sha256": file_sha256(path)}
        _partial(description).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        _partial(description).replace(description)
    except OSError as error:
        raise cannot_write(str(path), error) from error
    return path


def load_recorded(bundle: Bundle) -> Recorded:
    """The recorded scores of `bundle`, checked. Raises `BundleError` where there are none or they do not fit."""
    if bundle.heldout is None:
        raise BundleError(
            f"{bundle.folder} carries no recorded scores; name data with --data KIND:PATH to measure it afresh"
        )
    path, expected = bundle.heldout
    if file_sha256(path) != expected:
        raise BundleError(
            f"{path}: its SHA-256 is not what {DESCRIPTION} says; the file is damaged or of another bundle"
        )
    arrays = _read(path)
    if str(arrays["describes"]) != _models_sha256(bundle.folder / DESCRIPTION):
        raise BundleError(f"{path}: recorded with other models or settings than those of {bundle.folder}")
    return Recorded(str(arrays["date"]), _unpacked(path, arrays))


def _models_sha256(description: Path) -> str:
    """SHA-256 of all that a bundle says except of its recorded scores: their own hash cannot be part of it."""
    content = json.loads(description.read_text(encoding="utf-8"))
    content.pop("heldout", None)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.partial")


def _packed(judged: Judged) -> dict[str, Any]:
    source_names, source = np.unique(judged.source, return_inverse=True)
    ethnicity_names = np.unique(judged.ethnicity[judged.ethnicity != ""])
    known = np.searchsorted(ethnicity_names, judged.ethnicity)
    odds = np.maximum(judged.genders, _LEAST)
    values = {
        "source": source,
        "gender": _bytes(judged.gender),
        "expression": _bytes(judged.expression),
        "age": _bytes(np.minimum(judged.age, _UNKNOWN_BYTE - 1)),
        "ethnicity": np.where(judged.ethnicity == "", _UNKNOWN_BYTE, known),
        "outcome": judged.outcome,
        "side_px": np.clip(judged.side_px.round(), 0, 65535),
        "detection": (judged.detection * 255).round(),
        "gender_logit": np.log(odds[:, 1] / odds[:, 0]),
        "expressions": judged.expressions,
    }
    columns = {name: values[name].astype(kind) for name, kind in _COLUMNS.items()}
    return {**columns, "source_names": source_names, "ethnicity_names": ethnicity_names}


def _bytes(places: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(places == UNKNOWN, _UNKNOWN_BYTE, places)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    names = {*_COLUMNS, "source_names", "ethnicity_names", "format", "date", "describes"}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_BYTES:
                raise BundleError(f"{path}: larger than any recorded scores")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names}
    except BundleError:
        raise
    # Where the damage is decides what zipfile and NumPy raise: BadZipFile, RuntimeError, TokenError, RecursionError ...
    except Exception as error:
        raise BundleError(f"{path}: not a file of recorded scores ({error})") from error
    for name, kind in {"format": "u", "date": "U", "describes": "U"}.items():
        if arrays[name].shape != () or arrays[name].dtype.kind != kind:
            raise BundleError(f"{path}: `{name}` has to be a single {'text' if kind == 'U' else 'number'}")
    if arrays["format"] != FORMAT:
        raise BundleError(f"{path}: recorded in format {arrays['format']}; this version reads {FORMAT}")
    _check(path, arrays)
    return arrays


def _check(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Refuse columns of another type or length, and places beyond the names."""
    faces = len(np.atleast_1d(arrays["source"]))
    for name, kind in _COLUMNS.items():
        shape = (faces, len(EXPRESSIONS)) if name == "expressions" else (faces,)
        if arrays[name].dtype != kind or arrays[name].shape != shape:
            raise BundleError(f"{path}: `{name}` has to be {np.dtype(kind)} of shape {shape}")
    for name in ("source_names", "ethnicity_names"):
        if arrays[name].dtype.kind != "U" or arrays[name].ndim != 1:
            raise BundleError(f"{path}: `{name}` has to be a list of texts")
    limits = {
        "source": len(arrays["source_names"]),
        "ethnicity": len(arrays["ethnicity_names"]),
        "gender": len(GENDERS),
        "expression": len(EXPRESSIONS),
        "outcome": len(Outcome),
    }
    for name, limit in limits.items():
        known = arrays[name][arrays[name] != _UNKNOWN_BYTE] if name not in ("source", "outcome") else arrays[name]
        if (known >= limit).any():
            raise BundleError(f"{path}: `{name}` holds places from {limit} up")
    shares = arrays["expressions"]
    if not (np.isfinite(arrays["gender_logit"]).all() and (shares >= 0).all() and (shares <= 1).all()):
        raise BundleError(f"{path}: `gender_logit` has to be finite numbers, `expressions` shares from 0 to 1")


def _unpacked(path: Path, arrays: dict[str, NDArray[Any]]) -> Judged:
    if not len(arrays["source"]):
        raise BundleError(f"{path}: holds no faces")
    found = (arrays["outcome"] == Outcome.FOUND)[:, None]
    female = 1 / (1 + np.exp(-arrays["gender_logit"].astype(np.float64)))
    ethnicities = np.append(arrays["ethnicity_names"], "")
    ethnicity = np.where(arrays["ethnicity"] == _UNKNOWN_BYTE, len(ethnicities) - 1, arrays["ethnicity"])
    return Judged(
        source=arrays["source_names"][arrays["source"]],
        gender=_places(arrays["gender"]),
        expression=_places(arrays["expression"]),
        age=_places(arrays["age"]),
        ethnicity=ethnicities[ethnicity],
        group=np.full(len(arrays["source"]), ""),
        outcome=arrays["outcome"].astype(np.int64),
        side_px=arrays["side_px"].astype(np.float64),
        detection=arrays["detection"] / 255.0,
        genders=np.where(found, np.stack([1 - female, female], axis=1), 0.0),
        expressions=arrays["expressions"].astype(np.float64),
    )


def _places(values: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.where(values == _UNKNOWN_BYTE, UNKNOWN, values.astype(np.int64))
