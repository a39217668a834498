"""The exceptions that faceannot raises, each with a message for a person.

FaceannotError
├── UsageError        an argument that cannot be meant
├── InputError        nothing to read, a list that cannot be opened
├── PhotoError        one photo that cannot be read; becomes an `error` row, never ends a run
├── OutputError       an output that exists, is locked or cannot be written
│   └── DiskFullError there is no room for it, or the disk takes nothing any more
├── BundleError       a bundle or model file that is missing, damaged or does not fit
└── DatasetError      source data that are not in the format they should be in
"""

from __future__ import annotations


class FaceannotError(Exception):
    """Base of every error that faceannot raises on purpose."""


class UsageError(FaceannotError):
    """An argument, or a combination of them, that cannot be meant."""


class InputError(FaceannotError):
    """The input as a whole cannot be read: no such folder, an empty list, nothing that is a photo."""


class PhotoError(FaceannotError):
    """One photo cannot be read; the message is the `error` column of its row."""


class OutputError(FaceannotError):
    """An output exists already, is in use by another run or cannot be written."""


class DiskFullError(OutputError):
    """No room is left, or the disk may only be read by now: the next photo would fare no better."""


class BundleError(FaceannotError):
    """A bundle or a model file is missing, damaged or of another shape than expected."""


class DatasetError(FaceannotError):
    """A source data set is malformed; the message names the file and, where there is one, the line."""
