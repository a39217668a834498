"""The version of faceannot; the one place where it stands."""

__version__ = "0.1.0"
